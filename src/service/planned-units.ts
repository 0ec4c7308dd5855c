/** The files of a service of systemd as they are to be, each measured by what is there. Pure. */
import path from 'node:path';
import type { Host } from './host.ts';
import type { DropInName, InstalledService } from './installed-service.ts';
import type { PlannedFile } from './overwrite-consent.ts';
import { judgeFile, sealText } from './sealed-text.ts';
import type { ServiceProgram, ServiceScope } from './service-program.ts';
import type { Step } from './service-steps.ts';

/** Texts without their seal. */
export type WantedTexts = {
  unit: string;
  /** By name: a text, null for none, absent to leave it as it is. */
  dropIns: Partial<Record<DropInName, string | null>>;
  /** Undefined: it is made without one, or is there. */
  sysusers: string | undefined;
};

export function planUnits(
  { host, program, scope }: { host: Host; program: ServiceProgram; scope: ServiceScope },
  there: InstalledService,
  wanted: WantedTexts,
): PlannedFile[] {
  const maker = { program: program.bin, version: host.version };
  const edit = `systemctl ${scope === 'user' ? '--user ' : ''}edit ${program.unit}`;
  const unit = sealText(wanted.unit, maker, `Changes belong into a drop-in: ${edit}`);
  const madeAnew = 'It is made anew each time; changes belong into a drop-in of another name.';
  return [
    // What a package owns is in force, and our older one would hide it.
    plan(there.unitFile, there.unitText, there.packageUnit === undefined ? unit : undefined),
    ...Object.entries(wanted.dropIns).map(([name, text]) =>
      plan(
        path.join(there.dropInFolder, name),
        there.dropIns.get(name as DropInName),
        text === null ? undefined : sealText(text, maker, madeAnew),
      ),
    ),
    ...(wanted.sysusers === undefined
      ? []
      : [
          plan(
            there.sysusersFile,
            there.sysusersText,
            sealText(wanted.sysusers, maker, 'Its user stays when it is gone.'),
          ),
        ]),
  ].filter((file) => file !== undefined);
}

/** @returns undefined where nothing is to be there, and what is there is somebody else's. */
function plan(file: string, present: string | undefined, wanted: string | undefined): PlannedFile | undefined {
  const state = judgeFile(present, wanted);
  if (wanted === undefined && (state.kind === 'absent' || state.kind === 'foreign')) return undefined;
  return { file, present, wanted, state };
}

export const isChanged = ({ state, wanted }: PlannedFile): boolean =>
  state.kind !== 'same' && !(state.kind === 'absent' && wanted === undefined);

export function fileSteps(files: readonly PlannedFile[]): Step[] {
  return files
    .filter(isChanged)
    .map(({ file, wanted }): Step =>
      wanted === undefined ? { do: 'remove', file } : { do: 'write', file, text: wanted, mode: 0o644 },
    );
}
