/** `service status`, `logs` and `restart` on macOS. */
import { AppError } from '../app-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { untilRunning } from './install-on-launchd.ts';
import { type ServiceWishes, withSudo } from './install-wishes.ts';
import { type LaunchdPlace, launchdPlace, type LaunchdState, launchdState } from './launchd-place.ts';
import { restartSteps } from './launchd-steps.ts';
import { type LogWishes, notInstalled, type ServiceStatus, show } from './look-at-service.ts';
import { readSeal } from './sealed-text.ts';
import type { ServiceScope } from './service-program.ts';
import { run, runSteps } from './service-steps.ts';

type Found = { scope: ServiceScope; place: LaunchdPlace; state: LaunchdState };

async function findOnLaunchd(wishes: ServiceWishes): Promise<Found> {
  const { program, host, scope, signal } = wishes;
  const scopes: ServiceScope[] = scope === undefined ? (host.uid === 0 ? ['system'] : ['user', 'system']) : [scope];
  for (const candidate of scopes) {
    const place = launchdPlace(host, program, candidate);
    const state = await launchdState(host, place, signal);
    if (state.plist !== undefined || state.isLoaded) return { scope: candidate, place, state };
  }
  throw notInstalled(wishes);
}

export async function launchdStatus(wishes: ServiceWishes): Promise<ServiceStatus> {
  const { scope, place, state } = await findOnLaunchd(wishes);
  const ended = state.lastExitCode === undefined ? 'not running' : `last exit code ${state.lastExitCode}`;
  return {
    unit: wishes.program.label,
    scope,
    isInstalled: true,
    isActive: state.isRunning,
    state: state.isRunning
      ? 'active (running)'
      : state.isLoaded
        ? `inactive (${ended})`
        : 'inactive (launchd was not told of it)',
    startsByItself: state.plist !== undefined,
    says: undefined,
    pid: state.pid,
    since: undefined,
    restarts: 0,
    file: state.plist === undefined ? undefined : place.plistFile,
    dropIns: [],
    madeBy: readSeal(state.plist ?? '')?.version,
  };
}

/** launchd keeps no journal: the program's output is a file. */
export async function showLaunchdLogs(wishes: LogWishes): Promise<void> {
  if (wishes.since !== undefined) {
    throw new AppError('--since is for the journal of systemd; here the log is a file.', {
      code: 'STT_USAGE',
      hint: 'Take -n, the number of lines.',
      exitCode: exitCodes.usage,
    });
  }
  const { place } = await findOnLaunchd(wishes);
  await show(['tail', '-n', String(wishes.lines), ...(wishes.isFollowed ? ['-F'] : []), place.logFile], wishes.signal);
}

export async function restartOnLaunchd(wishes: ServiceWishes): Promise<{ unit: string; scope: ServiceScope }> {
  const { program, host, signal, say } = wishes;
  const { scope, place, state } = await findOnLaunchd(wishes);
  if (scope === 'system' && host.uid !== 0) {
    throw new AppError(`${program.label} is a service of the machine: root restarts it.`, {
      code: 'STT_NOT_ROOT',
      hint: withSudo({ host, argv: [] }, 'service restart'),
      exitCode: exitCodes.noPermission,
    });
  }
  const steps = state.isLoaded
    ? restartSteps(place, state.plist)
    : [run('launchctl', 'bootstrap', place.domain, place.plistFile)];
  await runSteps(steps, { host, say, signal });
  await untilRunning(wishes, place);
  say(`${program.label} runs.`);
  return { unit: program.label, scope };
}
