/**
 * Where tasks in hand have their files: a folder of this run's own, with one folder for each task. What earlier runs left behind
 * is swept; what belongs to a worker that lives is not touched.
 */
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { systemErrorCode } from '../../app-error.ts';
import { diskError } from '../disk-error.ts';
import { hasOwnerEnded, ownToken } from '../process-owner.ts';

export type TaskFolder = AsyncDisposable & {
  path: string;
  /** Before it is used for the first time. @throws AppError STT_WORK_FOLDER. */
  make: () => Promise<void>;
};

export type WorkFolder = AsyncDisposable & { path: string; newTaskFolder: () => TaskFolder };

/** No task takes this long, so a folder of another machine that is older was left behind. */
const foreignPatienceMs = 7 * 24 * 3600 * 1000;

/** @throws AppError STT_WORK_FOLDER where nothing can be written. */
export async function openWorkFolder(work: string): Promise<WorkFolder> {
  const own = path.join(work, ownToken);
  try {
    await mkdir(own, { recursive: true, mode: 0o700 });
    await sweep(work);
  } catch (error) {
    throw diskError(`The work folder ${work} cannot be used`, 'STT_WORK_FOLDER', error);
  }
  let count = 0;
  return {
    path: own,
    newTaskFolder() {
      count += 1;
      const folder = path.join(own, `task-${count}`);
      return {
        path: folder,
        async make() {
          try {
            await mkdir(folder, { recursive: true, mode: 0o700 });
          } catch (error) {
            throw diskError(`The work folder ${work} cannot be used`, 'STT_WORK_FOLDER', error);
          }
        },
        [Symbol.asyncDispose]: () => remove(folder),
      };
    },
    [Symbol.asyncDispose]: () => remove(own),
  };
}

/** Never throws: what cannot be removed (a file held open over NFS, a broken disk) is swept by a later start, and no task's affair. */
async function remove(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 2 }).catch(() => {});
}

async function sweep(work: string): Promise<void> {
  for (const entry of await readdir(work, { withFileTypes: true })) {
    // A link is not followed, and nothing but folders is ours.
    if (!entry.isDirectory() || entry.name === ownToken) continue;
    const folder = path.join(work, entry.name);
    if (hasOwnerEnded(entry.name, await silentMs(folder), foreignPatienceMs)) {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

/** Since something was last made or removed in the folder. */
async function silentMs(folder: string): Promise<number> {
  try {
    return Date.now() - (await stat(folder)).mtimeMs;
  } catch (error) {
    // Another worker swept it in this moment.
    if (systemErrorCode(error) === 'ENOENT') return 0;
    throw error;
  }
}
