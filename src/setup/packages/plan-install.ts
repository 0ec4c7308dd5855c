/** Which commands bring what is missing, in order: lists renewed, repositories enabled, packages installed. Pure; nothing is run. */
import type { OperatingSystem } from '../detect/machine.ts';
import type { Need } from './needs.ts';
import { familyOf, type Offer, type PackageTable } from './package-table.ts';
import type { PackagePower } from './package-power.ts';
import { mannersOf, type PackageManager } from './packages.ts';

export type InstallSurroundings = {
  table: PackageTable;
  /** Undefined: the package manager tells the family. */
  os: OperatingSystem | undefined;
  /** As Node.js calls it: `x64`. */
  architecture: string;
  power: PackagePower;
  /** The person asks for what needs repositories of other people: the full ffmpeg from RPM Fusion. */
  wantsMoreRepositories?: boolean;
};

export type InstallPlan = {
  /** Argument lists; without sudo where it is not to be used. */
  commands: string[][];
  /** What no package brings here, and what to do instead. */
  byHand: { need: Need; hint: string | undefined }[];
  /** Worth knowing where the commands fail. */
  hints: string[];
  /** What it would be on the system that all names are known of. */
  onFedora: string;
};

export function planInstall(missing: readonly Need[], surroundings: InstallSurroundings): InstallPlan {
  const { table, os, power } = surroundings;
  const { manager } = power;
  const family = familyOf(os) ?? (manager === undefined ? undefined : mannersOf(manager).families[0]);
  const plan: InstallPlan = { commands: [], byHand: [], hints: [], onFedora: onFedora(missing, table) };
  const taken: Offer[] = [];
  for (const need of missing) {
    const source = family === undefined ? undefined : table.needs[need].packages[family];
    const offer = source?.offers.find((offer) => fits(offer, surroundings));
    if (offer === undefined) plan.byHand.push({ need, hint: source?.hint });
    else if (source?.hint !== undefined) plan.hints.push(source.hint);
    if (offer !== undefined) taken.push(offer);
  }
  if (manager !== undefined && taken.length > 0) {
    const withSudo = mannersOf(manager).needsRoot && !power.isRoot && power.hasSudo;
    const commands = commandsFor(taken, manager, surroundings);
    plan.commands = commands.map((command) => (withSudo ? ['sudo', ...command] : command));
  }
  plan.hints = [...new Set(plan.hints)];
  return plan;
}

function fits(offer: Offer, surroundings: InstallSurroundings): boolean {
  const { os, power, table, wantsMoreRepositories } = surroundings;
  if (!isMeant(offer.when, os)) return false;
  const toEnable = offer.repositories.filter((name) => !power.enabledRepositories.includes(name));
  if (offer.isOptIn && !wantsMoreRepositories && toEnable.length > 0) return false;
  const commands = toEnable.flatMap((name) => table.repositories[name]?.commands ?? []);
  return commands.every((command) => fill(command, surroundings) !== undefined);
}

function commandsFor(offers: readonly Offer[], manager: PackageManager, surroundings: InstallSurroundings): string[][] {
  const { table, power } = surroundings;
  const { refresh, install } = mannersOf(manager);
  const repositories = unique(offers.flatMap((offer) => offer.repositories)).filter(
    (name) => !power.enabledRepositories.includes(name),
  );
  const enabling = unique(repositories.flatMap((name) => table.repositories[name]?.commands ?? []))
    .map((command) => fill(command, surroundings))
    .filter((command) => command !== undefined)
    .map((command) => command.split(' '));
  // Plain ones first: what replaces packages comes when all else is settled.
  const flags = unique(offers.map((offer) => offer.flags.join(' '))).toSorted();
  const installing = flags.map((flag) => [
    ...install,
    ...flag.split(' ').filter((word) => word !== ''),
    ...unique(offers.filter((offer) => offer.flags.join(' ') === flag).flatMap((offer) => offer.packages)),
  ]);
  const commands = [...(refresh === undefined ? [] : [[...refresh]]), ...enabling, ...installing];
  return speak(commands, manager, enabling.length > 0 || flags.some((flag) => flag !== ''));
}

/** The table says dnf; its siblings understand the same, except the smallest, which fetches dnf where it comes to its limits. */
function speak(commands: string[][], manager: PackageManager, isMuch: boolean): string[][] {
  const isSmall = manager === 'microdnf';
  if (isSmall && isMuch) {
    const asDnf = commands.map((command) => command.map((word, at) => (at === 0 && word === manager ? 'dnf' : word)));
    return [['microdnf', 'install', '-y', 'dnf'], ...asDnf];
  }
  return commands.map((command) => (command[0] === 'dnf' ? [manager, ...command.slice(1)] : command));
}

/** @returns undefined where a value is not known. */
function fill(command: string, { os, architecture }: InstallSurroundings): string | undefined {
  const version = familyOf(os) === undefined ? '' : (os?.version ?? '');
  const values: Record<string, string | undefined> = {
    version: /^\d+(\.\d+)*$/u.exec(version)?.[0],
    major: /^\d+/u.exec(version)?.[0],
    // NVIDIA's names.
    cudaArch: { x64: 'x86_64', arm64: 'sbsa' }[architecture],
  };
  let isKnown = true;
  const filled = command.replaceAll(/\{(\w+)\}/gu, (_, name: string) => {
    const value = values[name];
    isKnown &&= value !== undefined;
    return value ?? '';
  });
  return isKnown ? filled : undefined;
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}

/** The packages that bring a need on this system, without those of other people's repositories; undefined: none does. */
export function packagesOf(need: Need, os: OperatingSystem | undefined, table: PackageTable): string[] | undefined {
  const family = familyOf(os);
  if (family === undefined) return undefined;
  const offers = table.needs[need].packages[family].offers.filter(({ isOptIn }) => !isOptIn);
  return offers.find(({ when }) => isMeant(when, os))?.packages;
}

function isMeant(when: string | undefined, os: OperatingSystem | undefined): boolean {
  return when === undefined || new RegExp(when, 'u').test(os === undefined ? '' : `${os.id} ${os.version}`);
}

function onFedora(needs: readonly Need[], table: PackageTable): string {
  const fedora: OperatingSystem = { platform: 'linux', id: 'fedora', like: [], version: '', name: 'Fedora' };
  return ['dnf install', ...unique(needs.flatMap((need) => packagesOf(need, fedora, table) ?? []))].join(' ');
}
