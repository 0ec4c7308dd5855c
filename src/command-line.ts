/** A command as a person can paste it into a shell. Pure; programs are never started from this text. */

const isPlain = /^[\w@%+=:,./-]+$/u;

export function commandLine(argv: readonly string[]): string {
  return argv.map((word) => (isPlain.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`)).join(' ');
}
