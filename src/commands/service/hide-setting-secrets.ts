/**
 * What the commands around services show may have settings in it: a file that is made, a drop-in that somebody wrote, the difference
 * between two. By the tables of settings it is known which of them are secrets, and of which addresses a part may be one. Too much is
 * hidden rather than too little: whatever writes or reads a value (dotenv, systemd, launchd), to the end of its last line. Pure.
 */
import { serverSettings } from '../../config/server-settings.ts';
import { isSecret, isUrl, type SettingsTable, withoutSecrets } from '../../config/setting.ts';
import { workerSettings } from '../../config/worker-settings.ts';
import { hideSecrets } from '../../hide-secrets.ts';

const tables: readonly SettingsTable[] = [workerSettings, serverSettings];
const all = tables.flatMap((table) => Object.values(table));
const namesOf = (which: typeof isSecret): string =>
  all
    .filter(which)
    .map(({ env }) => env)
    .join('|');

const secretNames = namesOf(isSecret);
const addressNames = namesOf(isUrl);
/** Between a name and its value. What stands before the name does not matter: `\nPASSWORD=` of a credential, `export`. */
const separator = String.raw`["'\x60]?\s*[=:]\s*`;
const secrets = new RegExp(`((?:${secretNames})${separator})\\S.*$`, 'su');
const addresses = new RegExp(`((?:${addressNames})${separator})(\\S.*)$`, 'su');
const elements = new RegExp(`((?:${secretNames}|${addressNames})\\s*</key>).+$`, 'su');
/** Where a value begins; where its name ends the line, what divides them may come in the next one. */
const beginnings = new RegExp(`(?:${secretNames}|${addressNames})(?:["'\\x60]?\\s*(?<by>[=:]|$)|\\s*</key>)`, 'gu');

/** A value that goes on in the next line. */
type Open =
  /** By a backslash. */
  | { kind: 'continued' }
  | { kind: 'quoted'; quote: string }
  /** Of a property list: `<string>` comes, or its end. */
  | { kind: 'element' }
  /** Nothing of it was there yet. By: what divided it from its name; empty for what did not come either. */
  | { kind: 'awaited'; by: string };

/** Of a difference the lines that go and those that come are two texts. */
type Sides = { gone: Open | undefined; come: Open | undefined };
const closed: Sides = { gone: undefined, come: undefined };

export const hideSettingSecrets = (text: string): string => hideSecrets(hideIn(text, closed).shown);

/** Lines that belong together, as those of a dry run: a value may go on in the next one. */
export function hideSettingSecretsIn(lines: readonly string[]): string[] {
  let sides = closed;
  return lines.map((line) => {
    // What is quoted from a file is indented; with all else something new begins.
    const isQuoted = line === '' || /^(?: {4}|# {3})/u.test(line);
    const { shown, after } = hideIn(line, isQuoted ? sides : closed);
    sides = after;
    return hideSecrets(shown);
  });
}

function hideIn(text: string, before: Sides): { shown: string; after: Sides } {
  let sides = before;
  const shown = text.split('\n').map((line) => {
    const [, start = '', side = '', content = ''] = /^((?:# {3})?([-+ ]?)\s*)(.*)$/su.exec(line) ?? [];
    if (/^@@ -[\d,]+ \+[\d,]+ @@$/u.test(content)) return line;
    const gone = side === '+' ? undefined : readLine(sides.gone, content);
    const come = side === '-' ? undefined : readLine(sides.come, content);
    sides = {
      gone: gone === undefined ? sides.gone : gone.open,
      come: come === undefined ? sides.come : come.open,
    };
    return gone?.isValue === true || come?.isValue === true ? `${start}[hidden]` : start + hideValue(content);
  });
  return { shown: shown.join('\n'), after: sides };
}

/** Of a line in which values begin. */
function hideValue(content: string): string {
  const shown = content.replace(elements, '$1[hidden]').replace(secrets, '$1[hidden]');
  // One that goes on may have its secret anywhere.
  const isWhole = beginningsIn(content) === undefined;
  return shown.replace(addresses, (_, start: string, value: string) =>
    isWhole ? start + withoutSecrets(value) : `${start}[hidden]`,
  );
}

type Read = { isValue: boolean; open: Open | undefined };

/** @param open what the lines before left open. */
function readLine(open: Open | undefined, content: string): Read {
  const text = content.trim();
  if (open === undefined) return { isValue: false, open: beginningsIn(content) };
  if (text === '') return { isValue: false, open: open.kind === 'continued' ? undefined : open };
  if (open.kind === 'awaited') return readAwaited(open.by, text);
  if (open.kind === 'element') return { isValue: true, open: afterElement(text) ?? beginningsIn(text) };
  // Comments may stand in between.
  if (open.kind === 'continued' && /^[#;]/u.test(text)) return { isValue: true, open };
  const rest = open.kind === 'quoted' ? behindQuote(text, open.quote) : text;
  return { isValue: true, open: rest === undefined ? open : (goesOn(rest) ?? beginningsIn(rest)) };
}

/** @param by what divided it from its name. */
function readAwaited(by: string, text: string): Read {
  if (by === '' && text.startsWith('</key>')) return { isValue: true, open: afterElement(text.slice(6)) };
  if (by === '' && /^[=:]/u.test(text)) return { isValue: true, open: afterSeparator(text.slice(1), '=') };
  // Only what is quoted may stand in the line after a `=`.
  const isValue = by === ':' || (by === '=' && /^["'`]/u.test(text));
  return { isValue, open: (isValue ? goesOn(text) : undefined) ?? beginningsIn(text) };
}

/** What the values that begin in a line leave open. */
function beginningsIn(text: string): Open | undefined {
  for (const found of text.matchAll(beginnings)) {
    const rest = text.slice(found.index + found[0].length);
    const by = found.groups?.['by'];
    const open = by === undefined ? afterElement(rest) : afterSeparator(rest, by);
    if (open !== undefined) return open;
  }
  return undefined;
}

const afterSeparator = (value: string, by: string): Open | undefined =>
  value.trim() === '' ? { kind: 'awaited', by } : goesOn(value);

const afterElement = (text: string): Open | undefined => (/<\/|\/>/u.test(text) ? undefined : { kind: 'element' });

function goesOn(value: string): Open | undefined {
  const text = value.trim();
  const quote = /^["'`]/u.exec(text)?.[0];
  if (quote === undefined) return text.endsWith('\\') ? { kind: 'continued' } : undefined;
  const rest = behindQuote(text.slice(1), quote);
  return rest === undefined ? { kind: 'quoted', quote } : goesOn(rest);
}

/** @returns undefined where the quote is not closed. */
function behindQuote(text: string, quote: string): string | undefined {
  for (let at = text.indexOf(quote); at >= 0; at = text.indexOf(quote, at + 1)) {
    if (text[at - 1] !== '\\') return text.slice(at + 1);
  }
  return undefined;
}
