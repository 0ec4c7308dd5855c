/** Completion for fish: a line for each thing that may be typed, with the place where it may. Pure. */
import {
  allNodes,
  type CommandNode,
  commandTree,
  type FlagDescription,
  type ProgramDescription,
  valueKind,
  writtenFlags,
} from './describe-program.ts';

export function fishCompletion(program: ProgramDescription, rootCommand?: string): string {
  const { bin } = program;
  const name = `__${bin.replaceAll('-', '_')}_is_at`;
  const nodes = allNodes(commandTree(program, rootCommand));
  const flags = nodes.flatMap(({ command }) => command?.flags ?? []);
  const takingValues = [...new Set(flags.filter(({ valueName }) => valueName !== undefined).flatMap(writtenFlags))];
  const known = nodes.filter(({ words }) => words.length > 0).map(({ words }) => quoted(words.join(' ')));
  return `# Completion of ${bin} for fish; made from its commands.

# Whether the command that stands there already is the one that is named; what follows a flag may be its value.
function ${name}
  set -l typed (commandline -opc)
  set -l command
  set -l is_value no
  for word in $typed[2..-1]
    if test $is_value = yes
      set is_value no
    else if contains -- $word ${takingValues.join(' ')}
      set is_value yes
    else if contains -- (string join -- ' ' $command $word) ${known.join(' ')}
      set -a command $word
    end
  end
  test "$command" = "$argv[1]"
end

complete -c ${bin} -f
${nodes.flatMap((node) => nodeLines(bin, name, node)).join('\n')}
`;
}

/** Inside '...' fish knows \\' and \\\\. */
const quoted = (text: string): string => `'${text.replaceAll(/[\\']/gu, String.raw`\$&`).replaceAll('\n', ' ')}'`;

function nodeLines(bin: string, isAt: string, { words, command, children }: CommandNode): string[] {
  const here = `complete -c ${bin} -n ${quoted(`${isAt} ${quoted(words.join(' '))}`)}`;
  const names = children.map((child) => `${here} -a ${child.words.at(-1)} -d ${quoted(child.summary)}`);
  const version = words.length === 0 ? [`${here} -l version -d 'Show the version.'`] : [];
  const [argument] = children.length > 0 ? [] : (command?.args ?? []);
  const values =
    argument === undefined ? '' : offer(valueKind({ valueName: argument.name, options: argument.options }));
  return [
    ...names,
    ...(command?.flags ?? []).flatMap((flag) => flagLines(here, flag)),
    ...version,
    ...(values === '' ? [] : [`${here}${values}`]),
  ];
}

function flagLines(here: string, flag: FlagDescription): string[] {
  const kind = valueKind(flag);
  // -x: a value, and no file's name.
  const value = flag.valueName === undefined ? '' : `${kind.kind === 'file' ? ' -r' : ' -x'}${offer(kind)}`;
  return writtenFlags(flag).map((written) => {
    const name = written.startsWith('--') ? `-l ${written.slice(2)}` : `-s ${written.slice(1)}`;
    return `${here} ${name}${value} -d ${quoted(flag.description)}`;
  });
}

function offer(kind: ReturnType<typeof valueKind>): string {
  switch (kind.kind) {
    case 'one of':
      return ` -a ${quoted(kind.options.join(' '))}`;
    case 'folder':
      return ` -a '(__fish_complete_directories)'`;
    case 'file':
      return ' -F';
    case 'free':
      break;
  }
  return '';
}
