/** Users that a service may run as. */
import { AppError } from '../app-error.ts';
import { exitCodes } from '../exit-codes.ts';
import type { Host } from './host.ts';
import type { Account } from './render-unit.ts';
import { tryProgram } from './service-steps.ts';
import { unitValues } from './unit-text.ts';

/** @throws AppError where there is no such user, or it is root. */
export async function askAccount(user: string, signal: AbortSignal): Promise<Account> {
  const [uid, group] = await Promise.all(
    [['-u'], ['-gn']].map(async ([flag = '']) => {
      const end = await tryProgram('id', [flag, '--', user], signal);
      return end?.exitCode === 0 ? end.stdout.trim() : undefined;
    }),
  );
  if (uid === undefined || group === undefined) {
    throw wrongUser(`There is no user ${JSON.stringify(user)}.`, 'Name one of this machine: getent passwd');
  }
  if (uid === '0')
    throw wrongUser('A service of stt does not run as root.', 'Name another user, or leave --run-as out.');
  return { user, group };
}

/** Whom a drop-in names. */
export const runAsOf = (dropIn: string | undefined): string | undefined =>
  dropIn === undefined ? undefined : unitValues(dropIn, 'Service', 'User')[0];

/** Undefined: nobody can tell, there is no such user yet. */
export async function mayUser(
  user: string,
  right: 'r' | 'w' | 'x',
  file: string,
  signal: AbortSignal,
  host?: Host,
): Promise<boolean | undefined> {
  if ((await tryProgram('id', ['-u', '--', user], signal))?.exitCode !== 0) return undefined;
  const end = await tryProgram('runuser', ['-u', user, '--', 'test', `-${right}`, file], signal, { host });
  return end === undefined ? undefined : end.exitCode === 0;
}

const wrongUser = (message: string, hint: string): AppError =>
  new AppError(message, { code: 'STT_SERVICE_USER', hint, exitCode: exitCodes.config });
