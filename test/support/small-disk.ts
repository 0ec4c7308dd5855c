/**
 * A disk of a few kilobytes to a few megabytes that can be filled and freed: a tmpfs. Mounting takes root; where it is not allowed,
 * a test is skipped and says so. It is unmounted however the test ends.
 */
import { spawnSync } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

export type SmallDisk = AsyncDisposable & {
  path: string;
  /** Takes all space that is left, down to the last byte. */
  fill: () => Promise<void>;
  free: () => Promise<void>;
};

const mounted = new Set<string>();
process.once('exit', () => {
  for (const place of mounted) spawnSync('umount', ['-l', place]);
});

function mount(place: string, sizeBytes: number): boolean {
  if (process.platform !== 'linux') return false;
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes},mode=0755`, 'stt-test', place]);
  if (status === 0) mounted.add(place);
  return status === 0;
}

function unmount(place: string): void {
  // Lazily: a server that was killed a moment ago may still hold it.
  if (mounted.delete(place)) spawnSync('umount', ['-l', place]);
}

/** Whether this machine lets us mount; asked once per test file. */
export async function canMount(folder: string): Promise<boolean> {
  const place = path.join(folder, 'may-mount');
  await mkdir(place);
  const isMounted = mount(place, 65_536);
  unmount(place);
  return isMounted;
}

export async function smallDisk(place: string, sizeBytes = 1024 * 1024): Promise<SmallDisk> {
  await mkdir(place, { recursive: true });
  if (!mount(place, sizeBytes)) throw new Error(`cannot mount a tmpfs on ${place}`);
  const filler = path.join(place, '.filler');
  return {
    path: place,
    async fill() {
      for (let chunkBytes = sizeBytes; chunkBytes >= 1; chunkBytes = Math.floor(chunkBytes / 2)) {
        for (;;) {
          const isFull = await writeFile(filler, Buffer.alloc(chunkBytes), { flag: 'a' }).then(
            () => false,
            () => true,
          );
          if (isFull) break;
        }
      }
    },
    free: () => rm(filler, { force: true }),
    [Symbol.asyncDispose]: () => Promise.resolve(unmount(place)),
  };
}
