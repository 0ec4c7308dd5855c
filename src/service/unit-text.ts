/** The text of a unit: keys are changed by section; comments, order and everything else stay as the template has them. Pure. */

/** By key: its new value or values, in place of all that are there; undefined takes the key out. */
export type KeyChanges = Readonly<Record<string, string | readonly string[] | undefined>>;
/** By section, like `Service`. */
export type UnitChanges = Readonly<Record<string, KeyChanges>>;

type Line =
  | { kind: 'section'; name: string; text: string }
  | { kind: 'key'; key: string; section: string; text: string }
  | { kind: 'comment' | 'blank'; text: string };

export function changeUnit(text: string, changes: UnitChanges): string {
  let lines = readLines(text);
  for (const [section, keys] of Object.entries(changes)) {
    for (const [key, value] of Object.entries(keys)) lines = withKey(lines, section, key, valuesOf(value));
  }
  return writeLines(lines);
}

/** Takes out what is not to stay, and the comments that spoke of nothing else. */
export function keepKeys(text: string, isKept: (key: string, section: string) => boolean): string {
  return writeLines(
    readLines(text).flatMap((line): Line[] =>
      line.kind === 'key' && !isKept(line.key, line.section) ? [{ ...line, text: removed }] : [line],
    ),
  );
}

/** All values of a key, in their order. */
export function unitValues(text: string, section: string, key: string): string[] {
  return readLines(text)
    .filter((line) => line.kind === 'key' && line.section === section && line.key === key)
    .map((line) => line.text.slice(line.text.indexOf('=') + 1).trim());
}

/** Stands for a line that is gone, until the comments above it were looked at. */
const removed = '\0';

const valuesOf = (value: KeyChanges[string]): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value;

function readLines(text: string): Line[] {
  let section = '';
  return joinContinued(text.replace(/\n+$/u, '').split('\n')).map((line): Line => {
    const heading = /^\[(.+)\]\s*$/u.exec(line)?.[1];
    if (heading !== undefined) {
      section = heading;
      return { kind: 'section', name: heading, text: line };
    }
    if (line.trim() === '') return { kind: 'blank', text: line };
    const key = /^[#;]/u.test(line) ? undefined : /^([^=\s]+)\s*=/u.exec(line)?.[1];
    return key === undefined ? { kind: 'comment', text: line } : { kind: 'key', key, section, text: line };
  });
}

/** A line that ends in a backslash goes on in the next one. */
function joinContinued(lines: readonly string[]): string[] {
  const joined: string[] = [];
  let isOpen = false;
  for (const line of lines) {
    if (isOpen) joined.push(`${joined.pop() ?? ''}\n${line}`);
    else joined.push(line);
    isOpen = line.endsWith('\\') && !/^[#;]/u.test(line);
  }
  return joined;
}

function withKey(lines: readonly Line[], section: string, key: string, values: readonly string[]): Line[] {
  const written = values.map((value): Line => ({ kind: 'key', key, section, text: `${key}=${value}` }));
  const isIt = (line: Line): boolean => line.kind === 'key' && line.section === section && line.key === key;
  const first = lines.findIndex(isIt);
  if (first >= 0) {
    return lines.flatMap((line, at) => {
      if (!isIt(line)) return [line];
      if (at === first && written.length > 0) return written;
      return [{ ...line, text: removed }];
    });
  }
  if (written.length === 0) return [...lines];
  const start = lines.findIndex((line) => line.kind === 'section' && line.name === section);
  if (start < 0)
    return [
      ...lines,
      { kind: 'blank', text: '' },
      { kind: 'section', name: section, text: `[${section}]` },
      ...written,
    ];
  // With what the section begins with: what comes later stands under comments of its own.
  const next = lines.findIndex(({ kind }, at) => at > start && (kind === 'blank' || kind === 'section'));
  const at = next < 0 ? lines.length : next;
  return [...lines.slice(0, at), ...written, ...lines.slice(at)];
}

/** Without what is gone, comments that spoke of nothing else, and the gaps it left. */
function writeLines(lines: readonly Line[]): string {
  const kept: string[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at];
    if (line === undefined || line.text === removed) continue;
    if (line.kind === 'comment' && isOrphan(lines, at)) continue;
    if (line.kind === 'blank' && (kept.at(-1) ?? '') === '') continue;
    kept.push(line.text);
  }
  while (kept.at(-1) === '') kept.pop();
  return `${kept.join('\n')}\n`;
}

/** A comment speaks of the keys below it, to the next gap, comment or section. */
function isOrphan(lines: readonly Line[], comment: number): boolean {
  let at = comment;
  while (lines[at]?.kind === 'comment') at += 1;
  const keys: Line[] = [];
  for (let line = lines[at]; line?.kind === 'key'; line = lines[at]) {
    keys.push(line);
    at += 1;
  }
  return keys.length > 0 && keys.every(({ text }) => text === removed);
}
