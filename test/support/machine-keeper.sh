#!/bin/bash
# machine-keeper.sh ROOT NAME [ARGUMENT OF systemd-nspawn...]: keeps one booted machine for booted-machine.ts, which starts it in a
# mount namespace and a session of its own. Says `started PID` for each boot and `ended STATUS`. As soon as its standard input ends,
# however the test did, the machine is powered off, so that nothing outlives a test; without the word `halt` before that, the test is
# gone, and its root goes as well.
set -u
root=$1 name=$2
shift 2

# Only here: the host may have the old hierarchies, with which no current systemd boots.
if mountpoint -q /sys/fs/cgroup; then umount -R /sys/fs/cgroup; fi
mount -t cgroup2 cgroup2 /sys/fs/cgroup || exit 1
group=/sys/fs/cgroup/$name
mkdir "$group" || exit 1

keep_booted() {
  local nspawn='' over='' status=0
  trap 'over=yes; kill -TERM "$nspawn"' TERM
  while [ -z "$over" ]; do
    (
      echo "$BASHPID" >"$group/cgroup.procs"
      # SIGTERM is an orderly power-off to it; also when this script is killed.
      exec setpriv --pdeathsig TERM -- systemd-nspawn --quiet --boot --directory="$root" --machine="$name" --register=no --keep-unit \
        --private-users=no --console=passive --kill-signal=SIGRTMIN+4 \
        --capability=CAP_BPF,CAP_NET_ADMIN --system-call-filter=bpf "$@" </dev/null >>"$root.console.log" 2>&1
    ) &
    nspawn=$!
    echo "started $nspawn"
    # A signal interrupts the wait.
    while :; do
      wait "$nspawn"
      status=$?
      kill -0 "$nspawn" 2>/dev/null || break
    done
    # 133: the machine wants to be booted again.
    [ "$status" -eq 133 ] || break
  done
  echo "ended $status"
}

exec 3<&0
keep_booted "$@" &
keeping=$!
word=
read -r word <&3

kill -TERM "$keeping" 2>/dev/null
for _ in $(seq 150); do
  kill -0 "$keeping" 2>/dev/null || break
  sleep 0.1
done
[ -e "$group/cgroup.kill" ] && echo 1 >"$group/cgroup.kill"
wait "$keeping" 2>/dev/null
for _ in $(seq 50); do
  find "$group" -depth -type d -exec rmdir {} + 2>/dev/null
  [ -d "$group" ] || break
  sleep 0.1
done
[ "$word" = halt ] || rm -rf --one-file-system "$root" "$root.console.log"
