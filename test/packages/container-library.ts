/** A library for servers in containers, and the log that they write. */
import { chmod, chown, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { addSidecar, samples } from '../support/library.ts';
import type { TemporaryFolder } from '../support/temporary-folder.ts';

/** Whom the images run as. */
export const owner = { uid: 1000, gid: 1000 };

export type Library = { path: string; add: (sample: string, name?: string) => Promise<string> };

/** Recordings of a user with this id. */
export async function makeLibrary(folder: TemporaryFolder, { uid, gid } = owner): Promise<Library> {
  const library = folder.join('library');
  await chmod(folder.path, 0o755);
  await mkdir(library);
  await chown(library, uid, gid);
  const add = async (sample: string, name = sample): Promise<string> => {
    const recording = path.join(library, `${name}.mp3`);
    const from = samples.find((one) => one.name === sample);
    await addSidecar(recording, from?.language);
    await writeFile(recording, await readFile(from?.recording ?? ''));
    return recording;
  };
  return { path: library, add };
}

export const transcriptOf = (recording: string): string => recording.replace(/\.mp3$/u, '.vtt');

export const isThere = (name: string): Promise<boolean> =>
  stat(name).then(
    () => true,
    () => false,
  );

/** The log of the day. */
export async function logIn(folder: string): Promise<string> {
  const [log = ''] = await readdir(folder);
  assert.match(log, /^\d{4}-\d\d-\d\d\.log$/u);
  return readFile(path.join(folder, log), 'utf8');
}
