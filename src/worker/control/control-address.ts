/**
 * Where a running worker listens: `control/OWNER/socket`, in a folder of its own that only its user may enter. The name of a socket
 * must fit into some hundred bytes; a longer path is taken on Linux by way of the open folder.
 */
import { open } from 'node:fs/promises';
import path from 'node:path';

/** Of sun_path are 108 bytes on Linux, 104 on macOS. */
const longestBytes = 100;

export type ControlAddress = AsyncDisposable & {
  /** For listen() and connect(), until disposed. */
  path: string;
};

export const socketName = 'socket';

/** @param folder of the owner; must be there. @throws where it cannot be opened, or the path is too long for this system. */
export async function openAddress(folder: string): Promise<ControlAddress> {
  const socket = path.join(folder, socketName);
  if (Buffer.byteLength(socket) <= longestBytes) return { path: socket, [Symbol.asyncDispose]: async () => {} };
  if (process.platform !== 'linux') throw new Error(`the path ${socket} is too long for a socket`);
  const handle = await open(folder, 'r');
  return {
    path: `/proc/self/fd/${handle.fd}/${socketName}`,
    [Symbol.asyncDispose]: () => handle.close(),
  };
}
