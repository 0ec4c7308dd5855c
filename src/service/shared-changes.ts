/**
 * What the services of one user, or of the machine, rest upon together: lingering, and the label of their Node.js. It is taken back with
 * the last of them; until then the one that stays remembers that it was us. Only looks.
 */
import { type Host, realFile } from './host.ts';
import { type InstalledService, lookAtInstalled, textOf } from './installed-service.ts';
import type { ChangeWishes } from './install-wishes.ts';
import { changeSealed } from './sealed-text.ts';
import { unlabelProgram } from './selinux.ts';
import { type ServiceProgram, servicePrograms, type ServiceScope } from './service-program.ts';
import { describeSteps, type Step } from './service-steps.ts';
import { programOf } from './systemd-words.ts';
import { noNotes, readNotes, type UnitNotes, withNotes } from './unit-notes.ts';
import { unitValues } from './unit-text.ts';
import { unlingerStep } from './user-service.ts';

export type TakeBack = {
  /** Before systemd reads its units anew. */
  handOver: Step[];
  undo: Step[];
  /** What stays, and why. */
  stays: string[];
};

type Other = {
  program: ServiceProgram;
  there: InstalledService;
  text: string;
  /** A package brought its unit, which can remember nothing of ours. */
  isPackage: boolean;
};

export async function takeBackShared(
  wishes: ChangeWishes,
  scope: ServiceScope,
  { unitText = '' }: InstalledService,
): Promise<TakeBack> {
  const { hasEnabledLinger, labelledProgram } = readNotes(unitText);
  const { userName } = wishes.host;
  const others = await otherServices(wishes, scope);
  const parts: TakeBack[] = [];
  if (scope === 'user' && hasEnabledLinger) {
    const [other] = others;
    const command = `loginctl disable-linger ${userName}`;
    parts.push(
      other === undefined
        ? { handOver: [], undo: [unlingerStep(userName)], stays: [] }
        : leaveTo(other, { hasEnabledLinger }, `Lingering of ${userName}`, command),
    );
  }
  if (labelledProgram !== undefined) {
    const uses = await Promise.all(others.map((other) => startsProgram(wishes, other, labelledProgram)));
    const other = others.find((_, index) => uses[index]);
    const undo = unlabelProgram(labelledProgram);
    parts.push(
      other === undefined
        ? { handOver: [], undo, stays: [] }
        : leaveTo(other, { labelledProgram }, `The SELinux label of ${labelledProgram}`, commandsOf(undo)),
    );
  }
  return {
    handOver: parts.flatMap(({ handOver }) => handOver),
    undo: parts.flatMap(({ undo }) => undo),
    stays: parts.flatMap(({ stays }) => stays),
  };
}

async function otherServices({ program, host, signal }: ChangeWishes, scope: ServiceScope): Promise<Other[]> {
  const others = servicePrograms.filter(({ unit }) => unit !== program.unit);
  const found = await Promise.all(
    others.map(async (other) => ({ program: other, there: await lookAtInstalled(host, other, scope, signal) })),
  );
  const theirs = await Promise.all(found.map((other) => asOther(host, other)));
  return theirs.filter((other) => other !== undefined);
}

/** @returns undefined where it is no service that could start. */
async function asOther(
  host: Host,
  { program, there }: { program: ServiceProgram; there: InstalledService },
): Promise<Other | undefined> {
  const { unitText, packageUnit, isMasked, state } = there;
  if (isMasked) return undefined;
  if (unitText !== undefined) return { program, there, text: unitText, isPackage: false };
  // With the package it is there; whether somebody wants it is another thing.
  if (packageUnit === undefined || state?.file !== 'enabled') return undefined;
  return { program, there, text: (await textOf(host, packageUnit)) ?? '', isPackage: true };
}

/** As its unit says, or as it was when it was labelled. */
async function startsProgram({ host }: ChangeWishes, { text, isPackage }: Other, labelled: string): Promise<boolean> {
  // What it starts may be a script, of which nobody can tell which Node.js it takes.
  if (isPackage) return true;
  const named = unitValues(text, 'Service', 'ExecStart').map(programOf);
  const real = await Promise.all(named.map((file) => realFile(host, file)));
  return [...named, ...real].includes(labelled) || readNotes(text).labelledProgram === labelled;
}

const commandsOf = (steps: readonly Step[]): string => describeSteps(steps).join('; ');

/** @param byHand how it is taken back where the other unit is not ours, and can remember nothing. */
function leaveTo(
  { program, there, text, isPackage }: Other,
  notes: Partial<UnitNotes>,
  what: string,
  byHand: string,
): TakeBack {
  const before = readNotes(text);
  const isKnown = Object.entries(notes).every(([name, value]) => before[name as keyof UnitNotes] === value);
  const wanted = isKnown
    ? text
    : isPackage
      ? undefined
      : changeSealed(text, (body) => withNotes(body, { ...noNotes, ...notes }));
  const later = wanted === undefined ? ` Later, by hand: ${byHand}` : '';
  return {
    handOver: wanted === undefined || isKnown ? [] : [{ do: 'write', file: there.unitFile, text: wanted, mode: 0o644 }],
    undo: [],
    stays: [`${what} stays: ${program.unit} needs it.${later}`],
  };
}
