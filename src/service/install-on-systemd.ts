/** `install-service` where systemd runs: looks, says what is in the way, asks before it overwrites, does, and starts. */
import { AppError } from '../app-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { dataFolderProblem } from './data-folder-problem.ts';
import { realFile } from './host.ts';
import { type InstalledService, lookAtInstalled } from './installed-service.ts';
import { type InstallWishes, needsRoot, scopeOf } from './install-wishes.ts';
import { libraryWarning } from './library-of-server.ts';
import { type MachinePlan, planMachineService, userSteps } from './machine-service.ts';
import { describeDifference, obtainConsent, type PlannedFile } from './overwrite-consent.ts';
import { fileSteps, isChanged, planUnits } from './planned-units.ts';
import { unitEnvironment } from './render-unit.ts';
import { lookAtSelinux, relabel, type Selinux, selinuxWarning } from './selinux.ts';
import type { ServiceScope } from './service-program.ts';
import { changesSettings, describeSteps, run, runSteps, type Step } from './service-steps.ts';
import { goneFrom } from './shell-environment.ts';
import { resetCommand, type Start, startNeeded, startService } from './start-service.ts';
import { isSystemdHere, managerEnvironment, noSystemd, noUserManager, systemctl } from './systemd-manager.ts';
import { readNotes, type UnitNotes, withNotes } from './unit-notes.ts';
import { describeCarried } from './carried-settings.ts';
import { enableLinger, lingers, lingerStep, lingerWarning, planUserService, type UserPlan } from './user-service.ts';
import { unitValues } from './unit-text.ts';

export type InstallReport = {
  unit: string;
  scope: ServiceScope;
  /** Of a dry run: what would be done. */
  steps?: string[];
  written: string[];
  removed: string[];
  warnings: string[];
  /** It was started, or started anew. */
  isStarted: boolean;
};

type Situation = {
  wishes: InstallWishes;
  scope: ServiceScope;
  unit: string;
  there: InstalledService;
  selinux: Selinux;
  /** This Node.js, where it really lies. */
  node: string;
  plan: UserPlan | MachinePlan;
  machine: MachinePlan | undefined;
};

export async function installOnSystemd(wishes: InstallWishes): Promise<InstallReport> {
  const { program, host, signal, say } = wishes;
  const scope = scopeOf(wishes);
  const there = await lookAtInstalled(host, program, scope, signal);
  const obstacle = await findObstacle(wishes, scope, there);
  if (obstacle !== undefined && !wishes.isDryRun) throw obstacle;
  const node = (await realFile(host, host.node)) ?? host.node;
  const selinux: Selinux = scope === 'system' ? await lookAtSelinux(host, node, signal) : { mode: 'off' };
  const machine = scope === 'system' ? await planMachineService(wishes, there, { selinux, node }) : undefined;
  const plan = machine ?? (await planUserService(wishes, there));
  const unit = `${program.unit}.service`;
  const situation: Situation = { wishes, scope, unit, there, selinux, node, plan, machine };
  const data = scope === 'system' ? await dataFolderProblem(host, program, there) : undefined;
  const problems = [obstacle, data, ...plan.problems].filter((problem) => problem !== undefined);
  if (wishes.isDryRun) return describe(situation, problems);
  const [problem] = problems;
  if (problem !== undefined && !wishes.isForced) throw problem;
  for (const { message } of problems) say(`Goes on, as --force says: ${message}`);
  return install(situation);
}

/** What no --force can change. */
async function findObstacle(
  wishes: InstallWishes,
  scope: ServiceScope,
  { isManaged, isMasked, unitFile }: InstalledService,
): Promise<AppError | undefined> {
  const { host, program } = wishes;
  if (scope === 'system' && host.uid !== 0) {
    return needsRoot(wishes, 'install-service', `Without root: ${program.bin} install-service --user`);
  }
  if (scope === 'user' && host.uid === 0) return rootsOwn();
  if (!(await isSystemdHere(host))) return noSystemd();
  if (!isManaged) return scope === 'user' ? noUserManager(host) : noSystemd();
  if (!isMasked) return undefined;
  return new AppError(`${program.unit} is masked: somebody forbade it (${unitFile} leads to /dev/null).`, {
    code: 'STT_SERVICE_MASKED',
    hint: `Allow it first: systemctl ${scope === 'user' ? '--user ' : ''}unmask ${program.unit}`,
    exitCode: exitCodes.config,
  });
}

const rootsOwn = (): AppError =>
  new AppError("root's services are those of the machine.", {
    code: 'STT_USAGE',
    hint: 'Take --system, or do this as the user whose service it is to be.',
    exitCode: exitCodes.usage,
  });

async function describe(situation: Situation, problems: readonly AppError[]): Promise<InstallReport> {
  const { wishes, scope, unit, there } = situation;
  const { userName } = wishes.host;
  const lingering = scope === 'system' ? true : await lingers(wishes.host, wishes.signal);
  const isLingering = lingering !== false;
  const files = planFiles(situation, {
    ...notesOf(there),
    hasEnabledLinger: hasEnabled(there, isLingering) || !isLingering,
  });
  const steps: Step[] = [
    ...(isLingering ? [] : [lingerStep(userName)]),
    ...unitSteps(situation, files),
    ...startSteps(situation, files),
  ];
  const unknown = lingering === undefined ? [lingerWarning(userName, 'unknown')] : [];
  const warned = [...unknown, ...(await warningsOf(situation))];
  const lines = [
    ...problems.map(({ message, hint }) => asComment(`In the way: ${message}${hint === undefined ? '' : `\n${hint}`}`)),
    ...warned.map((warning) => asComment(`Warning: ${warning}`)),
    ...describePackage(there),
    ...files.flatMap(describeDifference),
    ...files.flatMap((file) => saidBefore(file, there).map((gone) => `# Goes from ${file.file}: ${gone}`)),
    ...describeSteps(steps),
    ...(steps.length === 0 ? [`# ${unit} is as it should be; nothing to do.`] : []),
  ];
  const warnings = [...problems.map(({ message }) => message), ...warned];
  return { unit, scope, steps: lines, written: [], removed: [], warnings, isStarted: false };
}

const asComment = (text: string): string => `# ${text.replaceAll('\n', '\n#   ')}`;

async function install(situation: Situation): Promise<InstallReport> {
  const { wishes, scope, unit, there, plan } = situation;
  const { host, program, say, signal } = wishes;
  for (const line of describePackage(there)) say(line.slice(2));
  await obtainConsent(planFiles(situation, notesOf(there)), wishes);

  const warnings: string[] = [];
  const lingering = scope === 'system' ? 'on' : await enableLinger(host, signal);
  if (lingering === 'refused' || lingering === 'unknown') warnings.push(lingerWarning(host.userName, lingering));
  if (lingering === 'enabled') say(`Services of ${host.userName} run without a login from now on (lingering).`);
  const hasEnabledLinger = lingering === 'enabled' || hasEnabled(there, lingering === 'on');
  const files = planFiles(situation, { ...notesOf(there), hasEnabledLinger });
  const changed = files.filter(isChanged);
  const start = startOf(situation, files);
  const steps = unitSteps(situation, files);
  warnings.push(...(await runSteps(steps, { host, say, signal, env: await managerEnvironment(host) })));
  for (const file of changed) say(describeChange(file, situation));
  for (const line of describeCarried(plan.prepare, wishes)) say(line);
  warnings.push(...(await warningsOf(situation)));
  if (steps.length === 0 && start === undefined) say(`${unit} is as it should be; nothing to do.`);
  // Said before it starts, which may fail for that very reason.
  for (const warning of warnings) say(`Warning: ${warning}`);
  if (start !== undefined) {
    say(startText(program.kind, unit, start));
    await startService({ host, program, scope, signal }, start);
    say(`${unit} runs. What it does: ${program.bin} service status`);
  } else if (steps.length > 0 || !isUp(there)) {
    say(laterText(situation, changed.length > 0 || changesSettings(plan.prepare)));
  }
  const written = changed.filter(({ wanted }) => wanted !== undefined).map(({ file }) => file);
  const removed = changed.filter(({ wanted }) => wanted === undefined).map(({ file }) => file);
  return { unit, scope, written, removed, warnings, isStarted: start !== undefined };
}

async function warningsOf({ wishes, machine, selinux, node }: Situation): Promise<string[]> {
  const { program, host, signal, settingsElsewhere } = wishes;
  const elsewhere = [settingsElsewhere, selinuxWarning(selinux, node)].filter((line) => line !== undefined);
  if (machine === undefined || program.kind !== 'server') return elsewhere;
  if (machine.library === undefined) {
    return [...elsewhere, `${program.settingsFile} names no library: ${program.bin} install-service --library DIR`];
  }
  const warning = await libraryWarning(host, machine.library, machine, signal);
  return warning === undefined ? elsewhere : [...elsewhere, warning];
}

const notesOf = ({ unitText = '' }: InstalledService): UnitNotes => readNotes(unitText);

/** Still so, and it was us. */
const hasEnabled = (there: InstalledService, isLingering: boolean): boolean =>
  isLingering && notesOf(there).hasEnabledLinger;

function planFiles({ wishes, scope, there, plan, machine }: Situation, notes: UnitNotes): PlannedFile[] {
  const labelledProgram = machine?.labelled ?? notes.labelledProgram;
  const unit = withNotes(plan.texts.unit, { ...notes, labelledProgram });
  return planUnits({ host: wishes.host, program: wishes.program, scope }, there, { ...plan.texts, unit });
}

function unitSteps(
  { wishes, scope, unit, there, selinux, plan, machine }: Situation,
  files: readonly PlannedFile[],
): Step[] {
  const changed = files.filter(isChanged);
  const isSysusers = ({ file }: PlannedFile): boolean => file === there.sysusersFile;
  const sysusers = changed.filter(isSysusers);
  const units = changed.filter((file) => !isSysusers(file));
  const needsUser = machine !== undefined && (!machine.hasUser || sysusers.length > 0);
  return [
    ...fileSteps(sysusers),
    ...(needsUser ? userSteps(wishes, sysusersFile(there, machine)) : []),
    ...plan.prepare,
    ...fileSteps(units),
    ...relabel(
      selinux,
      units.filter(({ wanted }) => wanted !== undefined).map(({ file }) => file),
    ),
    ...(units.length > 0 || there.state?.needsReload === true ? [run(...systemctl(scope, 'daemon-reload'))] : []),
    ...(there.state?.file === 'enabled' ? [] : [run(...systemctl(scope, 'enable', unit))]),
  ];
}

function sysusersFile(
  { hasPackageSysusers, sysusersFile }: InstalledService,
  { canSysusers }: MachinePlan,
): string | undefined {
  if (!canSysusers) return undefined;
  return hasPackageSysusers ? sysusersFile.replace('/etc/', '/usr/lib/') : sysusersFile;
}

/** Undefined: it is not to be, or runs already as it is to run. */
const startOf = ({ wishes, there, plan }: Situation, files: readonly PlannedFile[]): Start | undefined =>
  wishes.isStarted ? startNeeded(there.state, changesSettings(plan.prepare) || files.some(isChanged)) : undefined;

/** For a dry run. */
function startSteps(situation: Situation, files: readonly PlannedFile[]): Step[] {
  const { scope, unit } = situation;
  const start = startOf(situation, files);
  if (start === undefined) return [];
  return [run(...resetCommand(scope, unit)), run(...systemctl(scope, start, unit))];
}

const describePackage = ({ packageUnit }: InstalledService): string[] =>
  packageUnit === undefined
    ? []
    : [`# A package brought ${packageUnit}: it stays in force, and only drop-ins are written.`];

const isUp = ({ state }: InstalledService): boolean => state?.active === 'active';

function describeChange(planned: PlannedFile, { wishes, there }: Situation): string {
  const { file, present, wanted, state } = planned;
  if (wanted === undefined) return `Removed: ${file}`;
  if (state.kind !== 'older') return `Written: ${file}`;
  const { version } = state.seal;
  const of = (text: string): string => unitValues(text, 'Service', 'ExecStart')[0] ?? '';
  const isMoved = file === there.unitFile && of(present ?? '') !== of(wanted);
  const parts = [
    ...(version === wishes.host.version ? [] : [`it was made by stt ${version}`]),
    ...(isMoved ? [`it started ${of(present ?? '')}`] : []),
    ...saidBefore(planned, there).map((gone) => `it said ${gone}`),
  ];
  return `Renewed: ${file}${parts.length === 0 ? '' : ` (${parts.join('; ')})`}`;
}

/** Of what the service is told, what a unit of ours loses; of one that somebody changed the difference is shown. */
function saidBefore({ file, present, wanted, state }: PlannedFile, there: InstalledService): string[] {
  if (file !== there.unitFile || state.kind !== 'older' || wanted === undefined) return [];
  return goneFrom(unitEnvironment(present ?? ''), unitEnvironment(wanted));
}

function startText(kind: 'worker' | 'server', unit: string, start: Start): string {
  const what = start === 'start' ? 'is started' : 'is started anew';
  return kind === 'worker'
    ? `${unit} ${what}; it is ready when its engine has transcribed a sample, on a GPU the first time after some minutes.`
    : `${unit} ${what}.`;
}

function laterText({ wishes, scope, unit, there }: Situation, isChanged: boolean): string {
  const when = scope === 'system' ? 'It starts with the machine' : 'It starts by itself';
  if (!isUp(there)) return `${when}; now: ${startCommand(scope, unit)}`;
  return isChanged
    ? `It runs as it was before, until it is started anew: ${wishes.program.bin} service restart`
    : `${when}, and runs.`;
}

const startCommand = (scope: ServiceScope, unit: string): string =>
  `${scope === 'user' ? 'systemctl --user' : 'systemctl'} start ${unit}`;
