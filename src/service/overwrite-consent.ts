/** Files that somebody changed are not overwritten behind their back: the difference is shown, and a person is asked. */
import { createTwoFilesPatch } from 'diff';
import { AppError } from '../app-error.ts';
import { exitCodes } from '../exit-codes.ts';
import type { FileState } from './sealed-text.ts';

export type Consent = {
  /** All is overwritten, without a question. */
  isForced: boolean;
  /** Undefined: there is nobody who could be asked. */
  confirm: ((question: string) => Promise<boolean>) | undefined;
  say: (line: string) => void;
};

export type PlannedFile = {
  file: string;
  present: string | undefined;
  /** Undefined: it is to go. */
  wanted: string | undefined;
  state: FileState;
};

/** @throws AppError STT_UNIT_EDITED where it may not be; nothing was changed then. */
export async function obtainConsent(files: readonly PlannedFile[], { isForced, confirm, say }: Consent): Promise<void> {
  const inTheWay = files.filter(({ state }) => state.kind === 'edited' || state.kind === 'foreign');
  if (isForced || inTheWay.length === 0) return;
  for (const { file, present = '', wanted, state } of inTheWay) {
    say(state.kind === 'edited' ? `${file} was changed by hand.` : `${file} was not made by install-service.`);
    say(difference(file, present, wanted));
    const question = wanted === undefined ? `Remove ${file}?` : `Overwrite ${file}?`;
    if (!(await confirm?.(question))) throw refused(file, wanted === undefined ? 'removed' : 'overwritten');
  }
}

/** For a dry run. */
export function describeDifference({ file, present = '', wanted, state }: PlannedFile): string[] {
  if (state.kind !== 'edited' && state.kind !== 'foreign') return [];
  const why = state.kind === 'edited' ? 'was changed by hand' : 'was not made by install-service';
  const lines = difference(file, present, wanted).split('\n');
  return [
    `# ${file} ${why}: asks before it is ${wanted === undefined ? 'removed' : 'overwritten'}.`,
    ...lines.map((line) => `#   ${line}`),
  ];
}

function difference(file: string, present: string, wanted: string | undefined): string {
  const patch = createTwoFilesPatch(
    file,
    wanted === undefined ? '/dev/null' : `${file} (new)`,
    present,
    wanted ?? '',
    '',
    '',
  );
  // Its first line is a ruler.
  return patch.split('\n').slice(1).join('\n').trimEnd();
}

/** As for every flag that is missing: the command as it was given cannot be done. */
function refused(file: string, what: string): AppError {
  return new AppError(`${file} is not ${what}, and nothing was changed.`, {
    code: 'STT_UNIT_EDITED',
    hint: 'Move your changes into a drop-in (systemctl edit), which stays; or say --force.',
    exitCode: exitCodes.usage,
  });
}
