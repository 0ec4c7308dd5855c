/** What install-service changed beside its files, remembered in the unit itself, so that uninstall-service takes back just that. Pure. */

export type UnitNotes = {
  /** Lingering was off before. */
  hasEnabledLinger: boolean;
  /** The path for which SELinux was told that a program lies there. */
  labelledProgram: string | undefined;
};

export const noNotes: UnitNotes = { hasEnabledLinger: false, labelledProgram: undefined };

const lingerLine = '# uninstall-service takes back: lingering of this user';
const labelStart = '# uninstall-service takes back: SELinux bin_t of ';

export function withNotes(body: string, { hasEnabledLinger, labelledProgram }: UnitNotes): string {
  const lines = [
    ...(hasEnabledLinger ? [lingerLine] : []),
    ...(labelledProgram === undefined ? [] : [`${labelStart}${labelledProgram}`]),
  ];
  return lines.map((line) => `${line}\n`).join('') + body;
}

export function readNotes(text: string): UnitNotes {
  const lines = text.split('\n');
  const label = lines.find((line) => line.startsWith(labelStart));
  return { hasEnabledLinger: lines.includes(lingerLine), labelledProgram: label?.slice(labelStart.length) };
}
