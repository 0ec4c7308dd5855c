/** What was found, as lines for people. Pure: how words are coloured comes in as an argument. */
import { printable } from '../printable.ts';
import { checkNames, type Finding, type Status } from './finding.ts';

export type Colour = 'green' | 'yellow' | 'red' | 'dim';
export type Paint = (colour: Colour, text: string) => string;

const marks: Readonly<Record<Status, { mark: string; colour: Colour }>> = {
  ok: { mark: '✓', colour: 'green' },
  warn: { mark: '!', colour: 'yellow' },
  fail: { mark: '✗', colour: 'red' },
  skipped: { mark: '–', colour: 'dim' },
};

const nameWidth = Math.max(...checkNames.map((name) => name.length)) + 2;
const indent = ' '.repeat(2 + nameWidth);
/** What took less is not worth a word. */
const noteworthySeconds = 1;

export function describeFinding({ check, status, found, fix, code, seconds }: Finding, paint: Paint): string[] {
  const { mark, colour } = marks[status];
  const [first = '', ...rest] = linesOf(found);
  const took = seconds < noteworthySeconds ? '' : ` ${paint('dim', `(${seconds.toFixed(1)} s)`)}`;
  const stands = code === undefined ? '' : ` ${paint('dim', `[${code}]`)}`;
  return [
    `${paint(colour, mark)} ${check.padEnd(nameWidth)}${status === 'skipped' ? paint('dim', first) : first}${took}${stands}`,
    ...rest.map((line) => `${indent}${line}`),
    ...(fix === undefined ? [] : linesOf(fix).map((line) => `${indent}${paint(colour, '→')} ${line}`)),
  ];
}

/** The last line. */
export function describeDiagnosis(checks: readonly Finding[], seconds: number, paint: Paint): string {
  const count = (status: Status): number => checks.filter((finding) => finding.status === status).length;
  const [failed, warned, left] = [count('fail'), count('warn'), count('skipped')];
  const warnings = warned === 0 ? '' : `, ${plural(warned, 'warning')}`;
  const skipped = left === 0 ? '' : `, ${left} skipped`;
  const rest = `${warnings}${skipped}; ${plural(checks.length, 'check')} in ${seconds.toFixed(1)} s`;
  if (failed > 0) return `${paint('red', `${plural(failed, 'problem')} in the way of "stt run"`)}${rest}`;
  return `${paint('green', 'Nothing is in the way of "stt run"')}${rest}`;
}

const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

/** Words of other programs may stand in it. */
const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map(printable)
    .filter((line) => line !== '');
