/**
 * Changes a settings file on the disk: whole or not at all, and closed to everybody but its owner, since passwords stand in it. A link
 * stays a link: what it leads to is changed.
 */
import { chmod, chown, mkdir, readFile, readlink, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { AppError, messageOf, systemErrorCode } from '../app-error.ts';
import { writeFileAtomic } from '../atomic-file.ts';
import { exitCodes } from '../exit-codes.ts';
import { withEnvFileLock } from './env-file-lock.ts';
import { changeEnvText, type EnvChanges, parseEnvText } from './env-file.ts';
import { isOpen, unreadable } from './read-env-file.ts';

export type EnvFileChange = {
  /** What is another value now, or gone; empty where all was so already. */
  names: string[];
  /** Others could read it before, and cannot now. */
  isClosed: boolean;
};

const firstLine =
  '# Settings of the worker on this machine: "stt config" shows them, "stt config set NAME=VALUE" changes them.\n';

/** @throws AppError where it cannot be read or written, or a value has no writing; then nothing was changed. */
export async function writeEnvFile(file: string, changes: EnvChanges, isDryRun = false): Promise<EnvFileChange> {
  const target = await targetOf(file);
  const { text, before, change } = await prepare(target, changes);
  if (isDryRun) return change;
  try {
    if (text !== before) {
      await mkdir(path.dirname(target), { recursive: true, mode: 0o700 });
      return await withEnvFileLock(target, () => replace(target, changes));
    }
    if (change.isClosed) await chmod(target, ownerOnly);
  } catch (error) {
    throw error instanceof AppError ? error : unwritable(target, error);
  }
  return change;
}

const ownerOnly = 0o600;

type Prepared = { present: Present | undefined; before: string; text: string; change: EnvFileChange };

async function prepare(target: string, changes: EnvChanges): Promise<Prepared> {
  const present = await readPresent(target);
  const before = present?.text ?? firstLine;
  const text = changeEnvText(before, changes);
  const [old, now] = [parseEnvText(before), parseEnvText(text)];
  const names = Object.keys(changes).filter((name) => old[name] !== now[name]);
  return { present, before, text, change: { names, isClosed: present !== undefined && isOpen(present.mode) } };
}

/** Under the lock. The file is read anew: another process may have changed it since. */
async function replace(target: string, changes: EnvChanges): Promise<EnvFileChange> {
  const { present, text, change } = await prepare(target, changes);
  await writeFileAtomic(target, text, ownerOnly);
  if (present !== undefined) await giveTo(target, present.owner);
  return change;
}

/** What a link leads to, also where that is not there yet. */
async function targetOf(file: string): Promise<string> {
  try {
    return await realpath(file);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw unreadable(file, error);
  }
  let target = file;
  try {
    // It ends at what is no link: of links in a circle realpath says so above.
    for (let links = 0; links < mostLinks; links += 1) {
      const leadsTo = await readlink(target);
      target = path.resolve(await realpath(path.dirname(target)), leadsTo);
    }
  } catch (error) {
    if (!endsOfLinks.has(systemErrorCode(error) ?? '')) throw unreadable(file, error);
  }
  return target;
}

/** As many as Linux follows. */
const mostLinks = 40;
/** Of readlink(), where that is no link or not there. */
const endsOfLinks: ReadonlySet<string> = new Set(['EINVAL', 'ENOENT', 'UNKNOWN']);

type Owner = { uid: number; gid: number };
type Present = { text: string; mode: number; owner: Owner };

async function readPresent(file: string): Promise<Present | undefined> {
  try {
    const found = await stat(file);
    // Else a device like /dev/null would become a file.
    if (!found.isFile()) throw unreadable(file, new Error('it is no file'));
    const { mode, uid, gid } = found;
    return { text: decode(await readFile(file), file), mode, owner: { uid, gid } };
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error instanceof AppError ? error : unreadable(file, error);
  }
}

/** Other bytes would come back as question marks. */
function decode(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new AppError(`The settings file ${file} is not UTF-8 text, and was not changed.`, {
      code: 'STT_ENV_FILE',
      hint: 'Convert it: iconv -f latin1 -t utf-8',
      exitCode: exitCodes.config,
      cause: error,
    });
  }
}

/** root may change the file of a user, and it stays that user's. */
async function giveTo(file: string, owner: Owner): Promise<void> {
  const { uid, gid } = await stat(file);
  if (process.getuid?.() === 0 && (uid !== owner.uid || gid !== owner.gid)) await chown(file, owner.uid, owner.gid);
}

function unwritable(file: string, error: unknown): AppError {
  const code = systemErrorCode(error);
  return new AppError(`The settings file ${file} cannot be written: ${messageOf(error)}.`, {
    code: 'STT_ENV_FILE',
    hint: 'Nothing in it was changed. Make room or allow it, or name another file in STT_ENV_FILE.',
    exitCode: code === 'EACCES' || code === 'EPERM' ? exitCodes.noPermission : exitCodes.ioError,
    cause: error,
  });
}
