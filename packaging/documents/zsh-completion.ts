/** Completion for zsh: a function for each place in the tree of commands. Pure. */
import {
  allNodes,
  type ArgumentDescription,
  type CommandNode,
  commandTree,
  type FlagDescription,
  type ProgramDescription,
  valueKind,
  writtenFlags,
} from './describe-program.ts';

export function zshCompletion(program: ProgramDescription, rootCommand?: string): string {
  const { bin } = program;
  const root = commandTree(program, rootCommand);
  const functions = allNodes(root).map((node) => nodeFunction(bin, node));
  return `#compdef ${bin}
# Completion of ${bin} for zsh; made from its commands.

${functions.join('\n\n')}

# Loaded by compinit, the file is the function; sourced, it says whose completion it is.
if [ "$funcstack[1]" = ${quoted(functionName(bin, []))} ]; then
  ${functionName(bin, [])} "$@"
else
  compdef ${functionName(bin, [])} ${bin}
fi
`;
}

const functionName = (bin: string, words: readonly string[]): string => `_${[bin, ...words].join('_')}`;
const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
/** In a specification, : and [ ] mean something. */
const told = (text: string): string => text.replaceAll(/[\\:[\]]/gu, String.raw`\$&`).replaceAll('\n', ' ');

function nodeFunction(bin: string, node: CommandNode): string {
  const { words, command, children } = node;
  const flags = (command?.flags ?? []).flatMap(flagSpecs);
  const own = words.length === 0 ? [...flags, quoted('(- *)--version[Show the version.]')] : flags;
  const specs = children.length > 0 ? [...own, quoted('1: :->command'), quoted('*:: :->rest')] : own;
  const places = children.length > 0 ? [] : (command?.args ?? []).map(argumentSpec);
  return `${functionName(bin, words)}() {
  ${children.length > 0 ? 'local context state state_descr line\n  typeset -A opt_args\n  ' : ''}_arguments ${[children.length > 0 ? '-C' : '-S', ...specs, ...places].join(' \\\n    ')}${children.length > 0 ? branches(bin, node) : ''}
}`;
}

function branches(bin: string, { children }: CommandNode): string {
  const names = children.map(({ words, summary }) => quoted(`${words.at(-1)}:${told(summary)}`));
  const cases = children.map(({ words }) => `        ${words.at(-1)}) ${functionName(bin, words)} ;;`);
  return `
  case $state in
    command)
      local -a commands=(
        ${names.join('\n        ')}
      )
      _describe command commands ;;
    rest)
      case $line[1] in
${cases.join('\n')}
      esac ;;
  esac`;
}

function flagSpecs(flag: FlagDescription): string[] {
  const { description, valueName, isRepeated } = flag;
  const value = valueName === undefined ? '' : `:${told(valueName)}:${action(valueKind(flag))}`;
  return writtenFlags(flag).map((written) => {
    const isLong = written.startsWith('--');
    const name = valueName === undefined ? written : `${written}${isLong ? '=' : '+'}`;
    return quoted(`${isRepeated ? '*' : ''}${name}[${told(description)}]${value}`);
  });
}

function argumentSpec({ name, isRequired, isRepeated, options }: ArgumentDescription, index: number): string {
  const place = isRepeated ? '*' : `${index + 1}`;
  const optional = !isRequired && !isRepeated ? ':' : '';
  return quoted(`${place}${optional}:${told(name)}:${action(valueKind({ valueName: name, options }))}`);
}

function action(kind: ReturnType<typeof valueKind>): string {
  switch (kind.kind) {
    case 'one of':
      return `(${kind.options.join(' ')})`;
    case 'folder':
      return '_files -/';
    case 'file':
      return '_files';
    case 'free':
      break;
  }
  return ' ';
}
