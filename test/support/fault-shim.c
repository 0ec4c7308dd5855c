/*
 * Makes file calls of a program fail, for tests: loaded with LD_PRELOAD it counts the calls on files below a folder and, at the
 * N-th, kills the process or answers with an error. It does nothing while the file named by TEST_FAULT_PLAN is absent or empty.
 * The plan: SERIAL OPERATIONS PART-OF-A-PATH N ACTION, like "1 fsync,fdatasync /tmp/x/library 3 kill" (or EIO, ENOSPC). It counts
 * anew with each serial number. A path that goes over an open folder (/proc/self/fd/9/name) is meant as it is.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static atomic_int seen, serial_seen;

static int read_raw(const char *file, char *text, size_t size) {
  long fd = syscall(SYS_openat, AT_FDCWD, file, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  long length = syscall(SYS_read, fd, text, size - 1);
  syscall(SYS_close, fd);
  if (length <= 0) return 0;
  text[length] = 0;
  return 1;
}

/* What came of the plan is added to the file of the plan with ".hits". */
static void note(const char *plan_file, const char *operation, const char *path, int number) {
  char file[PATH_MAX], line[PATH_MAX + 64];
  snprintf(file, sizeof file, "%s.hits", plan_file);
  int length = snprintf(line, sizeof line, "%d %s %s\n", number, operation, path);
  long fd = syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return;
  syscall(SYS_write, fd, line, (size_t)length);
  syscall(SYS_close, fd);
}

/* Returns 0, or the errno that the call must end with. */
static int fault_at(const char *operation, const char *path) {
  char text[PATH_MAX + 128], operations[128], part[PATH_MAX], action[16];
  int number, serial;
  int before = errno;
  const char *plan_file = getenv("TEST_FAULT_PLAN");
  if (!plan_file || !path || !read_raw(plan_file, text, sizeof text)) goto none;
  if (sscanf(text, "%d %127s %4095s %d %15s", &serial, operations, part, &number, action) != 5) goto none;
  if (!strstr(path, part)) goto none;
  char list[160], item[64];
  snprintf(list, sizeof list, ",%s,", operations);
  snprintf(item, sizeof item, ",%s,", operation);
  if (!strstr(list, item)) goto none;
  if (atomic_exchange(&serial_seen, serial) != serial) atomic_store(&seen, 0);
  int now = atomic_fetch_add(&seen, 1) + 1;
  if (now != number) goto none;
  note(plan_file, operation, path, now);
  if (!strcmp(action, "kill")) {
    syscall(SYS_kill, getpid(), SIGKILL);
    pause();
  }
  return !strcmp(action, "ENOSPC") ? ENOSPC : EIO;
none:
  errno = before;
  return 0;
}

static int fault(const char *operation, const char *path) {
  char folder[PATH_MAX], whole[PATH_MAX * 2];
  const char *name = path ? strrchr(path, '/') : NULL;
  if (!getenv("TEST_FAULT_PLAN")) return 0;
  if (!name || strncmp(path, "/proc/", 6) || (size_t)(name - path) >= sizeof folder) return fault_at(operation, path);
  int before = errno;
  memcpy(folder, path, (size_t)(name - path));
  folder[name - path] = 0;
  long length = syscall(SYS_readlink, folder, whole, PATH_MAX);
  errno = before;
  if (length <= 0) return fault_at(operation, path);
  snprintf(whole + length, sizeof whole - (size_t)length, "%s", name);
  return fault_at(operation, whole);
}

static int fault_of(const char *operation, int fd) {
  char link[64], path[PATH_MAX];
  if (!getenv("TEST_FAULT_PLAN")) return 0;
  int before = errno;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  long length = syscall(SYS_readlink, link, path, sizeof path - 1);
  errno = before;
  if (length <= 0 || path[0] != '/') return 0;
  path[length] = 0;
  return fault_at(operation, path);
}

#define UNLESS(check) do { int number_ = check; if (number_) { errno = number_; return -1; } } while (0)

int fsync(int fd) { UNLESS(fault_of("fsync", fd)); return REAL(fsync)(fd); }
int fdatasync(int fd) { UNLESS(fault_of("fdatasync", fd)); return REAL(fdatasync)(fd); }
int link(const char *from, const char *to) { UNLESS(fault("link", to)); return REAL(link)(from, to); }
int unlink(const char *path) { UNLESS(fault("unlink", path)); return REAL(unlink)(path); }
int rename(const char *from, const char *to) { UNLESS(fault("rename", to)); return REAL(rename)(from, to); }
ssize_t write(int fd, const void *bytes, size_t size) { UNLESS(fault_of("write", fd)); return REAL(write)(fd, bytes, size); }
ssize_t writev(int fd, const struct iovec *parts, int count) { UNLESS(fault_of("write", fd)); return REAL(writev)(fd, parts, count); }
ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) {
  UNLESS(fault_of("write", fd));
  return REAL(pwrite64)(fd, bytes, size, at);
}
int ftruncate64(int fd, off64_t size) { UNLESS(fault_of("ftruncate", fd)); return REAL(ftruncate64)(fd, size); }

/* Only opening for writing: reading changes nothing. */
#define MODE(flags, last) mode_t mode = 0; if (flags & (O_CREAT | O_TMPFILE)) { va_list rest; va_start(rest, last); mode = va_arg(rest, mode_t); va_end(rest); }
int open(const char *path, int flags, ...) {
  MODE(flags, flags);
  if (flags & (O_WRONLY | O_RDWR)) UNLESS(fault("open", path));
  return REAL(open)(path, flags, mode);
}
int open64(const char *path, int flags, ...) {
  MODE(flags, flags);
  if (flags & (O_WRONLY | O_RDWR)) UNLESS(fault("open", path));
  return REAL(open64)(path, flags, mode);
}
