/**
 * Lines for the journal of systemd, which keeps time and program itself: each begins with its priority (sd-daemon(3)), then says what
 * happened, and ends with the fields. A line is a line, whatever stands in it.
 */
import { fstatSync } from 'node:fs';
import { printableLine } from './printable.ts';

/** Of syslog; `journalctl -p warning` shows what is at most 4. */
export const priorities = { error: 3, warning: 4, info: 6, debug: 7 } as const;
export type Priority = (typeof priorities)[keyof typeof priorities];

/** The journal breaks longer ones (LineMax=48K), and the rest would come without a priority. */
const longestLine = 8000;

/** @param journalStream JOURNAL_STREAM: which file the journal is. Children inherit it, also those whose output goes elsewhere. */
export function isJournal(descriptor: number, journalStream: string | undefined): boolean {
  if (journalStream === undefined || journalStream === '') return false;
  try {
    const { dev, ino } = fstatSync(descriptor, { bigint: true });
    return journalStream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}

/** Text that may have several lines, each with the priority. */
export function journalText(text: string, priority: Priority): string {
  const lines = text.split(/[\r\n\u2028\u2029]+/u).filter((line) => line.trim() !== '');
  // Its indentation is for people.
  const shown = lines.map((line) => (/^ */u.exec(line)?.[0] ?? '') + printableLine(line, longestLine));
  return shown.map((line) => `<${priority}>${line}`).join('\n');
}

/** A line of the log in JSON, as pino writes it, without a line end. */
export function journalLine(json: string): string {
  const { level, msg, err, ...fields } = parse(json);
  const { time: _, pid: __, hostname: ___, ...rest } = fields;
  const error = err === undefined ? [] : [`error=${shownError(err)}`];
  const shown = Object.entries(rest).map(([name, value]) => `${name}=${shownValue(value)}`);
  const said = typeof msg === 'string' ? [msg] : [];
  return `<${priorityOf(level)}>${printableLine([...said, ...shown, ...error].join(' '), longestLine)}`;
}

function parse(json: string): Record<string, unknown> {
  try {
    return JSON.parse(json) as Record<string, unknown>;
  } catch {
    // Whatever made it unreadable: it is shown as it is.
    return { level: pinoLevels.info, msg: json };
  }
}

const pinoLevels = { info: 30, warning: 40, error: 50 } as const;

function priorityOf(level: unknown): Priority {
  const number = Number(level);
  if (number >= pinoLevels.error) return priorities.error;
  if (number >= pinoLevels.warning) return priorities.warning;
  return number >= pinoLevels.info ? priorities.info : priorities.debug;
}

function shownValue(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return typeof value !== 'string' || /^[\w./:@%+,~-]+$/u.test(text) ? text : JSON.stringify(text);
}

/** Where it came from as well, in the same line. */
function shownError(error: unknown): string {
  const isError = typeof error === 'object' && error !== null && 'stack' in error;
  return shownValue(isError ? String(error.stack) : error);
}
