/**
 * The text of a settings file: read as dotenv reads it, and changed without touching anything else in it: comments, order, names of
 * other programs, line ends. What is written is read back by dotenv before it counts. Pure.
 */
import { isDeepStrictEqual } from 'node:util';
import { parse } from 'dotenv';
import { AppError } from '../app-error.ts';
import { exitCodes } from '../exit-codes.ts';

export type EnvRecord = Readonly<Record<string, string>>;
/** What is to be, by name; undefined: not set. */
export type EnvChanges = Readonly<Record<string, string | undefined>>;

/** Of names that stand there twice the last one counts. */
export const parseEnvText = (text: string): EnvRecord => parse(text);

/** @throws AppError where a value, or the text around it, cannot be written so that it is read again as it is. */
export function changeEnvText(text: string, changes: EnvChanges): string {
  return Object.entries(changes).reduce(
    (changed, [name, value]) => (value === undefined ? without(changed, name) : withSetting(changed, name, value)),
    text,
  );
}

function without(text: string, name: string): string {
  const lines = settingsIn(text).filter((setting) => setting.name === name);
  const rest = cut(text, lines);
  const { [name]: _, ...expected } = parseEnvText(text);
  if (!isDeepStrictEqual({ ...parseEnvText(rest) }, expected)) throw textInTheWay(name);
  return rest;
}

function withSetting(text: string, name: string, value: string): string {
  const before = parseEnvText(text);
  if (before[name] === value) return text;
  const unwritable = whyUnwritable(value);
  if (unwritable !== undefined) throw valueUnwritable(name, unwritable);
  const expected = { ...before, [name]: value };
  const readsBack = (changed: string): boolean => isDeepStrictEqual({ ...parseEnvText(changed) }, expected);
  const written = writings(value);
  const found = written.map((writing) => placed(text, name, writing)).find(readsBack);
  if (found !== undefined) return found;
  const isPossible = written.some((writing) => parseEnvText(`${name}=${writing}\n`)[name] === value);
  throw isPossible ? textInTheWay(name) : valueUnwritable(name, unquotable);
}

/** The ways to write a value, those first that other readers (a shell, systemd) take the same way. */
function writings(value: string): string[] {
  const plain = /^[\w./:@%+,=-]*$/u.test(value) ? [value] : [];
  // On one line where that is possible: a file of lines is easier to look through, and line ends may be changed by an editor.
  const escaped = /[\r\n]/u.test(value) ? [`"${value.replaceAll('\n', '\\n').replaceAll('\r', '\\r')}"`] : [];
  return [...plain, ...escaped, `'${value}'`, `"${value}"`, `\`${value}\``, value];
}

/** In place of the last setting of that name, earlier ones go; else under its example that is commented out; else at the end. */
function placed(text: string, name: string, writing: string): string {
  const present = settingsIn(text).filter((setting) => setting.name === name);
  const last = present.at(-1);
  if (last !== undefined) {
    const replaced = text.slice(0, last.valueFrom) + writing + text.slice(last.valueTo);
    return cut(replaced, present.slice(0, -1));
  }
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const line = `${name}=${writing}${eol}`;
  const example = exampleOf(text, name);
  if (example !== undefined) return text.slice(0, example) + line + text.slice(example);
  const isOnNewLine = text === '' || /[\r\n]$/u.test(text);
  return `${text}${isOnNewLine ? '' : eol}${line}`;
}

/** The end of the last line like `#NAME=...`; none inside of a value of several lines. */
function exampleOf(text: string, name: string): number | undefined {
  const settings = settingsIn(text);
  return [...text.matchAll(/^[ \t]*#[ \t]*([\w.-]+)[ \t]*=.*(?:\r\n|\n|\r)/gmu)]
    .filter(({ 1: commented }) => commented === name)
    .filter(({ index }) => !settings.some(({ from, to }) => from <= index && index < to))
    .map((match) => match.index + match[0].length)
    .at(-1);
}

/** Where a setting stands: its lines, and the writing of its value in them. */
type Span = { name: string; from: number; to: number; valueFrom: number; valueTo: number };

/** dotenv's own pattern (version 18), with names for what is found, so that both see the same settings. */
const settingPattern =
  /^\s*(?:export\s+)?(?<name>[\w.-]+)(?<between>\s*=\s*?|:\s+?)(?<value>\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*`(?:\\`|[^`])*`|[^#\r\n]+)?\s*(?:#.*)?$/dgmu;

function settingsIn(text: string): Span[] {
  return [...text.matchAll(settingPattern)].map((match) => {
    const at = match.indices?.groups ?? {};
    const afterBetween = at['between']?.[1] ?? match.index;
    const [groupFrom, groupTo] = at['value'] ?? [afterBetween, afterBetween];
    const group = text.slice(groupFrom, groupTo);
    const blanks = /^[ \t]*/u.exec(group)?.[0].length ?? 0;
    const valueTo = Math.max(groupFrom + blanks, groupTo - (group.length - group.trimEnd().length));
    const name = match.groups?.['name'] ?? '';
    return {
      name,
      from: lineStart(text, at['name']?.[0] ?? match.index),
      to: nextLine(text, valueTo),
      valueFrom: groupFrom + blanks,
      valueTo,
    };
  });
}

const byteOrderMark = '\uFEFF';

function lineStart(text: string, at: number): number {
  const start = Math.max(text.lastIndexOf('\n', at - 1), text.lastIndexOf('\r', at - 1)) + 1;
  return at > 0 && text[start] === byteOrderMark ? start + 1 : start;
}

function nextLine(text: string, at: number): number {
  const end = /\r\n|\n|\r/u.exec(text.slice(at));
  return end === null ? text.length : at + end.index + end[0].length;
}

function cut(text: string, spans: readonly Span[]): string {
  return spans.reduceRight((rest, { from, to }) => rest.slice(0, from) + rest.slice(to), text);
}

const unquotable = 'whatever quotes are put around it, it would be read as something else';

/** Whatever is around it. */
function whyUnwritable(value: string): string | undefined {
  if (value.includes('\0')) return 'it has a NUL character in it';
  return value.isWellFormed() ? undefined : 'it is no whole text (half of a character)';
}

function valueUnwritable(name: string, why: string): AppError {
  return new AppError(`The value of ${name} cannot be written into a settings file: ${why}.`, {
    code: 'STT_ENV_VALUE',
    hint: 'Choose another one, or set it in the environment.',
    exitCode: exitCodes.data,
  });
}

function textInTheWay(name: string): AppError {
  return new AppError(`${name} cannot be changed in this settings file without changing other settings in it.`, {
    code: 'STT_ENV_TEXT',
    hint: 'Look for a quote that is not closed, mend it, and try again; or change the file by hand.',
    exitCode: exitCodes.data,
  });
}
