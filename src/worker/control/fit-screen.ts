/** Lines as one picture for a terminal, drawn over the one before without flicker. Pure. */
import { stripVTControlCharacters } from 'node:util';

export const clearScreen = '\u001B[2J';

const home = '\u001B[H';
const clearLine = '\u001B[K';
const clearRest = '\u001B[J';

/** What does not fit is cut, or the terminal would scroll and the next picture would not lie over this one. */
export function fitScreen(lines: readonly string[], { columns, rows }: { columns: number; rows: number }): string {
  const shown = lines.length < rows ? lines : lines.slice(0, Math.max(0, rows - 2));
  const hidden = lines.length - shown.length;
  const all = hidden === 0 ? shown : [...shown, `(${hidden} more lines)`];
  return `${home}${all.map((line) => `${cut(line, columns)}${clearLine}\n`).join('')}${clearRest}`;
}

/** A styled line loses its style where it is cut. */
function cut(line: string, columns: number): string {
  const plain = stripVTControlCharacters(line);
  return plain.length <= columns ? line : plain.slice(0, columns);
}
