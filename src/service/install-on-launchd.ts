/** `install-service` and `uninstall-service` on macOS: one property list, and launchd is told of it. */
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '../app-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { printable } from '../printable.ts';
import { askAccount } from './account.ts';
import type { InstallReport } from './install-on-systemd.ts';
import { type ChangeWishes, type InstallWishes, needsRoot, scopeOf } from './install-wishes.ts';
import { describeCarried } from './carried-settings.ts';
import { isThere } from './installed-service.ts';
import { type LaunchdPlace, launchdPlace, type LaunchdState, launchdState } from './launchd-place.ts';
import { plistCommand, plistEnvironment, renderPlist } from './launchd-plist.ts';
import { restartSteps, stopSteps } from './launchd-steps.ts';
import { describeLaunchd } from './describe-launchd.ts';
import { describeDifference, obtainConsent, type PlannedFile } from './overwrite-consent.ts';
import { fileSteps, isChanged } from './planned-units.ts';
import { judgeFile, sealText } from './sealed-text.ts';
import type { ServiceScope } from './service-program.ts';
import { changesSettings, describeSteps, run, runSteps, type Step, tryProgram } from './service-steps.ts';
import { goneFrom } from './shell-environment.ts';
import type { UninstallReport } from './uninstall-on-systemd.ts';
import { settingsSteps } from './user-service.ts';

export async function installOnLaunchd(wishes: InstallWishes): Promise<InstallReport> {
  const { program, host, signal, say, isStarted, isDryRun } = wishes;
  const scope = scopeOf(wishes);
  const place = launchdPlace(host, program, scope);
  const state = await launchdState(host, place, signal);
  const problems: AppError[] = [];
  const note = (error: unknown): undefined => {
    if (!(error instanceof AppError)) throw error;
    problems.push(error);
  };
  const user = await runAs(wishes, scope).catch(note);
  await wishes.findEngine?.(scope).catch(note);
  const [problem] = problems;
  if (problem !== undefined && !wishes.isForced && !isDryRun) throw problem;

  const text = sealText(
    renderPlist(await describeLaunchd(wishes, place, { userName: user, present: state.plist })),
    { program: program.bin, version: host.version },
    `Changes belong into the settings: ${program.bin} install-service makes it anew.`,
  );
  const planned: PlannedFile = {
    file: place.plistFile,
    present: state.plist,
    wanted: text,
    state: judgeFile(state.plist, text),
  };
  // A daemon has the settings of the user that it runs as.
  const settings = scope === 'user' ? await settingsSteps(wishes) : [];
  const log = user === undefined ? [] : await logSteps(wishes, place, user, isChanged(planned));
  const isNew = isChanged(planned) || changesSettings(settings);
  const steps = [
    ...settings,
    ...(isChanged(planned) ? [{ do: 'folder', folder: path.dirname(place.logFile), mode: 0o755 } as const] : []),
    ...log,
    ...fileSteps([planned]),
    ...(isStarted ? startSteps(place, state, isNew) : []),
  ];
  const report: InstallReport = {
    unit: program.label,
    scope,
    written: isChanged(planned) ? [planned.file] : [],
    removed: [],
    warnings: [
      ...problems.map(({ message }) => message),
      ...(wishes.settingsElsewhere === undefined ? [] : [wishes.settingsElsewhere]),
    ],
    isStarted: false,
  };
  if (isDryRun) {
    const inTheWay = problems.map(({ message }) => `# In the way: ${message}`);
    const nothing = steps.length === 0 ? [`# ${program.label} is as it should be; nothing to do.`] : [];
    return {
      ...report,
      written: [],
      steps: [
        ...inTheWay,
        ...describeDifference(planned),
        ...saidBefore(planned).map((gone) => `# Goes from ${planned.file}: ${gone}`),
        ...describeSteps(steps),
        ...nothing,
      ],
    };
  }
  await obtainConsent([planned], wishes);
  await runSteps(steps, { host, say, signal });
  if (isChanged(planned)) say(describeChange(planned, host.version));
  for (const line of describeCarried(settings, wishes)) say(line);
  for (const warning of report.warnings) say(`Warning: ${warning}`);
  if (steps.length === 0) say(`${program.label} is as it should be; nothing to do.`);
  if (!isStarted) {
    if (!state.isLoaded) say(`It starts at the next login; now: ${program.bin} install-service --now`);
    return report;
  }
  if (!state.isRunning || isNew) await untilRunning(wishes, place);
  say(`${program.label} runs. What it does: ${program.bin} service status`);
  return { ...report, isStarted: true };
}

/** A daemon runs as root where nobody is named, and stt never does. */
async function runAs(wishes: InstallWishes, scope: ServiceScope): Promise<string | undefined> {
  const { host, runAs: user, program, signal } = wishes;
  if (scope === 'user') return undefined;
  if (host.uid !== 0) throw needsRoot(wishes, 'install-service', `Without root: ${program.bin} install-service --user`);
  if (user !== undefined) return (await askAccount(user, signal)).user;
  throw new AppError('A service of the machine needs a user that it runs as; it does not run as root.', {
    code: 'STT_SERVICE_USER',
    hint: `Name one, whose settings and engine it uses: ${program.bin} install-service --system --run-as USER`,
    exitCode: exitCodes.usage,
  });
}

/** launchd opens the log as the user, who may not make files in a folder of root's; and what is root's no user leads elsewhere. */
async function logSteps(
  { host }: InstallWishes,
  { logFile }: LaunchdPlace,
  user: string,
  isChanged: boolean,
): Promise<Step[]> {
  if (!isChanged && (await isThere(host, logFile))) return [];
  return [{ do: 'create', file: logFile, text: '', mode: 0o640 }, run('chown', user, logFile)];
}

function startSteps(place: LaunchdPlace, { isLoaded, isRunning, plist }: LaunchdState, isNew: boolean): Step[] {
  if (isLoaded && isNew) return restartSteps(place, plist);
  if (isLoaded) return isRunning ? [] : [run('launchctl', 'kickstart', place.target)];
  return [run('launchctl', 'enable', place.target), run('launchctl', 'bootstrap', place.domain, place.plistFile)];
}

/** Of what the service is told, what a list of ours loses. */
const saidBefore = ({ present = '', wanted = '', state }: PlannedFile): string[] =>
  state.kind === 'older' ? goneFrom(plistEnvironment(present), plistEnvironment(wanted)) : [];

function describeChange(planned: PlannedFile, version: string): string {
  const { file, present, wanted = '', state } = planned;
  if (state.kind !== 'older') return `Written: ${file}`;
  const [before, now] = [plistCommand(present ?? ''), plistCommand(wanted)].map((words) => words.join(' '));
  const parts = [
    ...(state.seal.version === version ? [] : [`it was made by stt ${state.seal.version}`]),
    ...(before === now ? [] : [`it started ${before}`]),
    ...saidBefore(planned).map((gone) => `it said ${gone}`),
  ];
  return `Renewed: ${file}${parts.length === 0 ? '' : ` (${parts.join('; ')})`}`;
}

/** launchd does not wait until a service is ready, so this is only: it started, and has not ended. */
export async function untilRunning(
  { program, host, signal }: Pick<InstallWishes, 'program' | 'host' | 'signal'>,
  place: LaunchdPlace,
): Promise<void> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const { isRunning, lastExitCode } = await launchdState(host, place, signal);
    if (isRunning) return;
    if (performance.now() > deadline || (lastExitCode ?? 0) !== 0) {
      const why = lastExitCode === undefined ? '' : ` (last exit code ${lastExitCode})`;
      const log = await tryProgram('tail', ['-n', '15', place.logFile], signal);
      const lines = (log?.stdout ?? '')
        .split('\n')
        .filter((line) => line.trim() !== '')
        .map((line) => `  ${printable(line)}`);
      throw new AppError(
        [
          `${program.label} did not start${why}.`,
          ...(lines.length === 0 ? [] : ['The last lines of its log:', ...lines]),
        ].join('\n  '),
        {
          code: 'STT_SERVICE_FAILED',
          hint: `More of it: ${program.bin} service logs -n 100. When it is mended: ${program.bin} service restart`,
          exitCode: exitCodes.unavailable,
        },
      );
    }
    await delay(200, undefined, { signal });
  }
}

export async function uninstallOnLaunchd(wishes: ChangeWishes): Promise<UninstallReport> {
  const { program, host, signal, say } = wishes;
  const scope = scopeOf(wishes);
  const place = launchdPlace(host, program, scope);
  const { plist, isLoaded } = await launchdState(host, place, signal);
  const nothing: UninstallReport = { unit: program.label, scope, wasThere: false, removed: [], warnings: [] };
  if (plist === undefined && !isLoaded) {
    say(`No service ${program.label} is installed: nothing to do.`);
    return nothing;
  }
  if (scope === 'system' && host.uid !== 0 && !wishes.isDryRun) throw needsRoot(wishes, 'uninstall-service', '');
  const planned: PlannedFile = {
    file: place.plistFile,
    present: plist,
    wanted: undefined,
    state: judgeFile(plist, undefined),
  };
  const steps = [...(isLoaded ? stopSteps(place, plist) : []), ...fileSteps([planned])];
  if (wishes.isDryRun)
    return { ...nothing, wasThere: true, steps: [...describeDifference(planned), ...describeSteps(steps)] };
  await obtainConsent([planned], wishes);
  const warnings = await runSteps(steps, { host, say, signal });
  const removed = plist === undefined ? [] : [planned.file];
  for (const file of removed) say(`Removed: ${file}`);
  say(`Kept: the settings, the data folder and ${place.logFile}.`);
  return { unit: program.label, scope, wasThere: true, removed, warnings };
}
