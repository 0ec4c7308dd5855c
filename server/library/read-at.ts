/** Reads from a descriptor without blocking the event loop. Whoever reads waits for it to end before the descriptor is closed. */
import { read } from 'node:fs';

/** @returns how many bytes came; fewer than `length` only at the end of the file, or where the system gave fewer. */
export function readAt(fd: number, buffer: Uint8Array, length: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(fd, buffer, 0, length, position, (error, count) => {
      if (error === null) resolve(count);
      else reject(error);
    });
  });
}
