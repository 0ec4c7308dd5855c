/** A service of a user: nothing of it is root's, its settings are the user's own, and with lingering it runs without a login. Only looks. */
import path from 'node:path';
import { AppError } from '../app-error.ts';
import { parseEnvText } from '../config/env-file.ts';
import { exitCodes } from '../exit-codes.ts';
import type { WantedTexts } from './planned-units.ts';
import type { Host } from './host.ts';
import { type InstalledService, isThere, textOf } from './installed-service.ts';
import type { InstallWishes } from './install-wishes.ts';
import { firstSettingsText, template } from './machine-service.ts';
import { renderUserUnit, unitEnvironment, userTemplate } from './render-unit.ts';
import { readSeal } from './sealed-text.ts';
import { type Step, tryProgram } from './service-steps.ts';
import { withPresentPaths } from './shell-environment.ts';

export type UserPlan = { problems: AppError[]; texts: WantedTexts; prepare: Step[] };

export async function planUserService(
  wishes: InstallWishes,
  { unitText = '' }: Pick<InstalledService, 'unitText'>,
): Promise<UserPlan> {
  const { program, host, userEnvironment, runAs } = wishes;
  if (runAs !== undefined) {
    throw new AppError('A service of a user runs as that user.', {
      code: 'STT_USAGE',
      hint: '--run-as belongs to --system.',
      exitCode: exitCodes.usage,
    });
  }
  const problems: AppError[] = [];
  await wishes.findEngine?.('user').catch((error: unknown) => {
    if (!(error instanceof AppError)) throw error;
    problems.push(error);
  });
  const text =
    program.kind === 'worker'
      ? await template(wishes, `user/${program.unit}.service`)
      : userTemplate(await template(wishes, `${program.unit}.service`));
  // Of a unit that is not ours nothing is taken over.
  const present = readSeal(unitText) === undefined ? {} : unitEnvironment(unitText);
  const environment = await withPresentPaths(host, present, userEnvironment);
  return {
    problems,
    texts: { unit: renderUserUnit(text, host, environment), dropIns: {}, sysusers: undefined },
    prepare: await settingsSteps(wishes),
  };
}

export async function settingsSteps(wishes: InstallWishes): Promise<Step[]> {
  const { host, userSettingsFile: file, library } = wishes;
  const text = await textOf(host, file);
  const isNew = text === undefined;
  const isOther = library !== undefined && parseEnvText(text ?? '')['AUDIO_DIR'] !== library;
  return [
    ...(isNew
      ? ([
          { do: 'folder', folder: path.dirname(file), mode: 0o700 },
          { do: 'create', file, text: firstSettingsText(wishes), mode: 0o600 },
        ] as const)
      : []),
    ...(isOther ? [{ do: 'setting', file, name: 'AUDIO_DIR', value: library } as const] : []),
  ];
}

export type Lingering =
  /** It was so before. */
  | 'on'
  /** We did it. */
  | 'enabled'
  | 'refused'
  /** There is nobody who could be asked. */
  | 'unknown';

const lingerCommand = (userName: string): string[] => ['loginctl', '--no-ask-password', 'enable-linger', userName];

/** Whether the user's services run without a login. Undefined: nobody can tell. */
export async function lingers(host: Host, signal: AbortSignal): Promise<boolean | undefined> {
  // Of who is not logged in loginctl may know nothing; this is its own note.
  if (await isThere(host, `/var/lib/systemd/linger/${host.userName}`)) return true;
  const end = await tryProgram('loginctl', ['show-user', host.userName, '--property=Linger', '--value'], signal);
  return end === undefined ? undefined : end.exitCode === 0 && end.stdout.trim() === 'yes';
}

export async function enableLinger(host: Host, signal: AbortSignal): Promise<Lingering> {
  const before = await lingers(host, signal);
  if (before !== false) return before === true ? 'on' : 'unknown';
  const [file = '', ...args] = lingerCommand(host.userName);
  return (await tryProgram(file, args, signal))?.exitCode === 0 ? 'enabled' : 'refused';
}

export const lingerStep = (userName: string): Step => ({ do: 'run', argv: lingerCommand(userName), otherwise: '' });

export const unlingerStep = (userName: string): Step => ({
  do: 'run',
  argv: ['loginctl', '--no-ask-password', 'disable-linger', userName],
  otherwise: `Lingering of ${userName} could not be taken back: sudo loginctl disable-linger ${userName}`,
});

export const lingerWarning = (userName: string, lingering: 'refused' | 'unknown'): string =>
  lingering === 'unknown'
    ? `There is no loginctl here: whether the service runs while ${userName} is not logged in cannot be told.`
    : `The service runs only while ${userName} is logged in: this machine does not let ${userName} have services beyond that. To have it run always: sudo loginctl enable-linger ${userName}`;
