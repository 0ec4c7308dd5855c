/** The manual page of a program: all its commands on one page, from the same texts as `--help`. Pure. */
import { exitCodes } from '../../src/exit-codes.ts';
import {
  type ArgumentDescription,
  type CommandDescription,
  type FlagDescription,
  type ProgramDescription,
  writtenFlags,
} from './describe-program.ts';
import type { Program } from './programs.ts';
import { bold, italic, listed, paragraphs, request, roffText, section, subsection, verbatim } from './roff.ts';

/** @param date YYYY-MM-DD: of the version, not of the day on which it is built. */
export function manualPage(program: Program, description: ProgramDescription, date: string): string {
  const { bin, version, commands } = description;
  const root = commands.find(({ words }) => words.join(' ') === program.rootCommand);
  const others = commands.filter((command) => command !== root);
  const lines = [
    titleLine(bin, 1, date, version),
    section('Name'),
    `${roffText(bin)} ${String.raw`\-`} ${roffText(program.summary)}`,
    section('Synopsis'),
    ...(root === undefined ? [] : [synopsis(bin, root, []), '.br']),
    `${bold(bin)} ${italic('COMMAND')} [${italic('ARGUMENT')}...] [${italic('FLAG')}...]`,
    section('Description'),
    ...paragraphs(program.introduction),
    ...paragraphs(root?.description ?? ''),
    ...(root === undefined ? [] : [section('Options'), ...options(root)]),
    section('Commands'),
    ...others.flatMap((command) => commandPart(bin, command)),
    ...examplesPart(root === undefined ? others : [root, ...others]),
    section('Exit status'),
    ...Object.entries(exitCodes).flatMap(([name, code]) =>
      listed(bold(String(code)), exitMeanings[name as keyof typeof exitCodes]),
    ),
    section('Files'),
    ...program.files.flatMap(([path, meaning]) => listed(italic(path), meaning)),
    section('See also'),
    program.seeAlso.map(pageReference).join(',\n'),
  ];
  return `${lines.join('\n')}\n`;
}

export function titleLine(name: string, sectionNumber: number, date: string, version: string): string {
  return request('TH', roffText(name.toUpperCase()), String(sectionNumber), date, `stt ${version}`, 'stt');
}

export function pageReference(page: string): string {
  const [, name = page, number = ''] = /^(.*)(\(\d\))$/u.exec(page) ?? [];
  return `${bold(name)}${number}`;
}

const exitMeanings: Record<keyof typeof exitCodes, string> = {
  ok: 'All is well.',
  usage: 'A wrong flag or argument.',
  data: 'Some recordings could not be transcribed, or data was damaged.',
  noInput: 'A file or folder that was named is not there or cannot be read.',
  unavailable: 'A program or a server that is needed is not there.',
  software: 'A bug in stt.',
  ioError: 'A file could not be written.',
  temporary: 'Not now; try again later.',
  noPermission: 'This user may not do that.',
  config: 'A setting, a model or an engine is missing or wrong.',
  interrupted: 'Ended by Ctrl-C.',
};

function commandPart(bin: string, command: CommandDescription): string[] {
  return [
    subsection(synopsis(bin, command)),
    ...paragraphs(command.summary),
    ...paragraphs(command.description),
    ...command.args.flatMap((argument) => listed(italic(argument.name), withOptions(argument))),
    ...options(command),
  ];
}

function synopsis(bin: string, { words, args, flags }: CommandDescription, typed: readonly string[] = words): string {
  const places = args.map((argument) => placeOf(argument));
  const rest = flags.length > 0 ? [`[${italic('FLAG')}...]`] : [];
  return [bold([bin, ...typed].join(' ')), ...places, ...rest].join(' ');
}

function placeOf({ name, isRequired, isRepeated }: ArgumentDescription): string {
  const place = `${italic(name)}${isRepeated ? '...' : ''}`;
  return isRequired ? place : `[${place}]`;
}

function options({ flags }: CommandDescription): string[] {
  // The same for every command, and said once: in the synopsis it would only be in the way.
  const telling = flags.filter(({ name }) => name !== 'help');
  return telling.flatMap((flag) => listed(flagTerm(flag), withOptions(flag)));
}

function flagTerm(flag: FlagDescription): string {
  const names = writtenFlags(flag).map((name) => bold(name));
  return `${names.join(', ')}${flag.valueName === undefined ? '' : ` ${italic(flag.valueName)}`}`;
}

function withOptions(described: ArgumentDescription | FlagDescription): string {
  const { description, options } = described;
  const choice = options.length > 0 ? `One of ${options.join(', ')}.` : '';
  const fallback = 'fallback' in described && described.fallback !== undefined ? `Default: ${described.fallback}.` : '';
  return [description, choice, fallback].filter((part) => part !== '').join(' ');
}

function examplesPart(commands: readonly CommandDescription[]): string[] {
  const examples = commands.flatMap((command) => command.examples);
  if (examples.length === 0) return [];
  return [
    section('Examples'),
    ...examples.flatMap(({ description, command }) => [
      ...paragraphs(description.replace(/:?$/u, description === '' ? '' : ':')),
      ...verbatim(command),
    ]),
  ];
}
