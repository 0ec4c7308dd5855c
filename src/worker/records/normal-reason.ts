/** Reasons of failures without what differs from task to task, so that equal faults are counted together. Pure. */

/** Ids of tasks, addresses: letters and digits of a long hexadecimal number. */
const hexadecimal = /\b(?:0x[0-9a-f]+|(?=[a-f]*\d)[0-9a-f]{8,}(?:-[0-9a-f]{4,})*)\b/giu;
/** The folders before a file: those of a task have names of chance. */
const folders = /(?<![\w/:.])(?:\/[^\s/"':,;]+)+\/(?=[^\s/"':,;])/gu;
const numbers = /\d+(?:[.,:]\d+)*/gu;

/** `/tmp/x7Qa/audio.wav ends at 12.5 s` becomes `…/audio.wav ends at N s`. */
export function normalReason(reason: string): string {
  return reason
    .replaceAll(folders, '…/')
    .replaceAll(hexadecimal, 'N')
    .replaceAll(numbers, 'N')
    .replaceAll(/\s+/gu, ' ')
    .trim();
}
