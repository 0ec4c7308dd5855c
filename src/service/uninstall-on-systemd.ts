/** `uninstall-service` where systemd runs: takes back what install-service made, and leaves settings, data and users as they are. */
import type { AppError } from '../app-error.ts';
import { type InstalledService, lookAtInstalled } from './installed-service.ts';
import { type ChangeWishes, needsRoot, scopeOf } from './install-wishes.ts';
import { describeDifference, obtainConsent, type PlannedFile } from './overwrite-consent.ts';
import { judgeFile } from './sealed-text.ts';
import { type ServiceScope, systemDataFolder } from './service-program.ts';
import { describeSteps, run, runSteps, type Step } from './service-steps.ts';
import { type TakeBack, takeBackShared } from './shared-changes.ts';
import { isSystemdHere, managerEnvironment, noUserManager, systemctl } from './systemd-manager.ts';

export type UninstallReport = {
  unit: string;
  scope: ServiceScope;
  /** Of a dry run: what would be done. */
  steps?: string[];
  /** False: there was nothing. */
  wasThere: boolean;
  removed: string[];
  warnings: string[];
};

export async function uninstallOnSystemd(wishes: ChangeWishes): Promise<UninstallReport> {
  const { program, host, signal, say } = wishes;
  const scope = scopeOf(wishes);
  const unit = `${program.unit}.service`;
  const there = await lookAtInstalled(host, program, scope, signal);
  const nothing: UninstallReport = { unit, scope, wasThere: false, removed: [], warnings: [] };
  const files = ourFiles(there);
  if (files.length === 0 && !(there.packageUnit !== undefined && there.state?.file === 'enabled')) {
    say(await nothingThere(wishes, scope, there));
    return nothing;
  }
  const obstacle = await findObstacle(wishes, scope, there);
  if (obstacle !== undefined && !wishes.isDryRun) throw obstacle;
  const shared = await takeBackShared(wishes, scope, there);
  const steps = removalSteps(wishes, scope, there, files, shared);
  if (wishes.isDryRun) {
    const told = shared.stays.map((line) => `# ${line}`);
    return {
      ...nothing,
      wasThere: true,
      steps: [...files.flatMap(describeDifference), ...told, ...describeSteps(steps)],
    };
  }
  await obtainConsent(files, wishes);
  const warnings = await runSteps(steps, { host, say, signal, env: await managerEnvironment(host) });
  const removed = files.map(({ file }) => file);
  for (const file of removed) say(`Removed: ${file}`);
  for (const warning of warnings) say(`Warning: ${warning}`);
  for (const line of [...shared.stays, ...whatStays(wishes, scope, there)]) say(line);
  return { unit, scope, wasThere: true, removed, warnings };
}

/** Drop-ins that somebody else wrote under a name of ours stay. */
function ourFiles(there: InstalledService): PlannedFile[] {
  const file = (file: string, present: string | undefined): PlannedFile => ({
    file,
    present,
    wanted: undefined,
    state: judgeFile(present, undefined),
  });
  const unit = file(there.unitFile, there.unitText);
  const others = [
    ...[...there.dropIns].map(([name, text]) => file(`${there.dropInFolder}/${name}`, text)),
    file(there.sysusersFile, there.sysusersText),
  ].filter(({ state }) => state.kind !== 'foreign');
  return [unit, ...others].filter(
    ({ state }) => state.kind !== 'absent' && !(state.kind === 'foreign' && there.isMasked),
  );
}

async function findObstacle(
  wishes: ChangeWishes,
  scope: ServiceScope,
  { isManaged }: InstalledService,
): Promise<AppError | undefined> {
  const { host } = wishes;
  if (scope === 'system' && host.uid !== 0) return needsRoot(wishes, 'uninstall-service', '');
  // Where systemd does not run at all, the files may go without it.
  return scope === 'user' && !isManaged && (await isSystemdHere(host)) ? noUserManager(host) : undefined;
}

function removalSteps(
  { program }: ChangeWishes,
  scope: ServiceScope,
  there: InstalledService,
  files: readonly PlannedFile[],
  { handOver, undo }: TakeBack,
): Step[] {
  const unit = `${program.unit}.service`;
  const isKnown = there.isManaged && there.state?.load !== 'not-found';
  return [
    ...(isKnown
      ? [
          {
            ...run(...systemctl(scope, 'disable', '--now', unit)),
            otherwise: `${unit} could not be stopped and disabled in the usual way.`,
            meanwhile: `${unit} is stopped; what it has in hand it finishes or hands back.`,
          },
        ]
      : []),
    ...files.map(({ file }): Step => ({ do: 'remove', file })),
    { do: 'removeEmpty', folder: there.dropInFolder },
    ...handOver,
    ...(there.isManaged
      ? [
          run(...systemctl(scope, 'daemon-reload')),
          { ...run(...systemctl(scope, 'reset-failed', unit)), otherwise: '' },
        ]
      : []),
    ...undo,
  ];
}

async function nothingThere(
  { program, host, signal }: ChangeWishes,
  scope: ServiceScope,
  there: InstalledService,
): Promise<string> {
  if (there.packageUnit !== undefined) {
    return `${there.packageUnit} belongs to a package, and is not enabled: nothing to do.`;
  }
  const other: ServiceScope = scope === 'system' ? 'user' : 'system';
  const elsewhere = await lookAtInstalled(host, program, other, signal);
  const where = scope === 'system' ? 'of this machine' : `of ${host.userName}`;
  const hint =
    elsewhere.unitText === undefined
      ? ''
      : other === 'system'
        ? ` There is one of the machine: sudo ${program.bin} uninstall-service --system`
        : ` There is one of ${host.userName}: ${program.bin} uninstall-service --user`;
  return `No service ${program.unit} ${where} is installed: nothing to do.${hint}`;
}

function whatStays(
  { program }: ChangeWishes,
  scope: ServiceScope,
  { packageUnit, otherDropIns, dropInFolder }: InstalledService,
): string[] {
  return [
    ...(packageUnit === undefined ? [] : [`${packageUnit} belongs to a package, and goes with it.`]),
    ...(otherDropIns.length === 0
      ? []
      : [`Left there, since it is not ours: ${otherDropIns.map((name) => `${dropInFolder}/${name}`).join(', ')}`]),
    scope === 'system'
      ? `Kept: ${program.settingsFile}, ${systemDataFolder}, and the user ${program.unit}.`
      : 'Kept: the settings and the data folder.',
  ];
}
