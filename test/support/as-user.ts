/** Rights of somebody else, for tests that root runs. In the main thread, and for what does not wait. */

/** Of a user whom no machine knows. */
export const someUser = { uid: 12_345, gid: 12_346 } as const;

export function asSomeUser<T>(work: () => T): T {
  process.setegid?.(someUser.gid);
  process.seteuid?.(someUser.uid);
  try {
    return work();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
}
