/** How paths and words are written in a unit so that systemd reads them as they are: blanks, quotes, `%` and `$`. Pure. */
import { AppError } from '../app-error.ts';
import { exitCodes } from '../exit-codes.ts';

/** One word of a list: quoted where it must be, and no specifier in it. A colon divides two paths (`BindPaths=`), in quotes it does not. */
export function unitWord(word: string): string {
  const text = plainText(word);
  if (text !== '' && !/[\s"'\\;#:]/u.test(text)) return text;
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/** The words of a line, as `unitWord` writes them, or as people do. */
export const wordsOf = (line: string): string[] =>
  [...line.matchAll(/(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+))(?=\s|$)/gu)].map(([, double, single, plain]) =>
    (double?.replaceAll(/\\(.)/gu, '$1') ?? single ?? plain ?? '').replaceAll('%%', '%'),
  );

/** The rest of a line that is one value, like `WorkingDirectory=`: there quotes would belong to it. */
export function plainText(text: string): string {
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001F\u007F]/u.test(text)) throw unwritable(text);
  return text.replaceAll('%', '%%');
}

/**
 * `ExecStart=`. Of the program itself systemd takes a `$` as it is, in arguments it would look for a variable; and whatever is written
 * around it, it starts no program with a quote in its path.
 */
export function execLine([program = '', ...args]: readonly string[]): string {
  if (/["'\\]/u.test(program)) throw unwritable(program);
  return [unitWord(program), ...args.map((word) => unitWord(word.replaceAll('$', '$$$$')))].join(' ');
}

/** What `ExecStart=` starts, as `execLine` writes it; what systemd lets stand before a path is left out. */
export function programOf(line: string): string {
  const [, quoted, plain = ''] = /^[-@:+!|]*(?:"([^"]*)"|(\S+))/u.exec(line.trim()) ?? [];
  return (quoted ?? plain).replaceAll('%%', '%');
}

function unwritable(text: string): AppError {
  return new AppError(`A unit cannot name ${JSON.stringify(text)}: systemd does not take every character.`, {
    code: 'STT_UNIT_PATH',
    hint: 'Move it to a folder with a plain name.',
    exitCode: exitCodes.config,
  });
}
