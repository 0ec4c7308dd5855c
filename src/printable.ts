/** Text of strangers (a server, a program, a file) for a terminal or a log: nothing in it can steer either. Pure. */

const longest = 300;

/** One short line without control characters. */
export const printable = (text: string): string => printableLine(text, longest);

/** The same, of a length of one's own. */
export function printableLine(text: string, longestLine: number): string {
  return text
    .replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
    .slice(0, longestLine);
}
