/** Completion for bash, from macOS' 3.2 on: it needs neither Node.js nor the bash-completion package. Pure. */
import {
  allNodes,
  type CommandNode,
  commandTree,
  type FlagDescription,
  type ProgramDescription,
  valueKind,
  type ValueKind,
  writtenFlags,
} from './describe-program.ts';

export function bashCompletion(program: ProgramDescription, rootCommand?: string): string {
  const { bin } = program;
  const name = `_${bin.replaceAll('-', '_')}`;
  const nodes = allNodes(commandTree(program, rootCommand));
  const flags = nodes.flatMap(({ command }) => command?.flags ?? []);
  const takingValues = [...new Set(flags.filter(takesValue).flatMap(writtenFlags))];
  return `# Completion of ${bin} for bash; made from its commands.
${name}_offer() {
  local offered
  COMPREPLY=()
  while IFS= read -r offered; do COMPREPLY+=("$offered"); done < <(compgen "$@" -- "$current")
}
${name}() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command='' children='' flags='' word index
  # bash cuts --flag=value in three; 3.2 does not.
  case "$current" in
    '=') current='' ;;
    --*=*) previous=\${current%%=*} current=\${current#*=} ;;
    *) if [ "$previous" = '=' ]; then previous=\${COMP_WORDS[COMP_CWORD - 2]}; fi ;;
  esac

  # The command that stands there already; what follows a flag may be its value.
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    case "$word" in
      ${takingValues.length === 0 ? "''" : takingValues.join(' | ')})
        if [ "\${COMP_WORDS[index + 1]}" = '=' ]; then index=$((index + 2)); else index=$((index + 1)); fi
        continue ;;
    esac
    case "\${command:+$command }$word" in
      ${nodes
        .filter(({ words }) => words.length > 0)
        .map(({ words }) => quoted(words.join(' ')))
        .join(' | ')})
        command="\${command:+$command }$word" ;;
    esac
  done

  case "$command" in
${nodes.map(nodeCase).join('\n')}
  esac

  COMPREPLY=()
  case "$command:$previous" in
${nodes.flatMap((node) => valueCases(node, name)).join('\n')}
  esac
  case "$current" in
    -*) ${name}_offer -W "$flags" ;;
    *)
      if [ -n "$children" ]; then
        ${name}_offer -W "$children"
      else
        case "$command" in
${nodes.flatMap((node) => argumentCase(node, name)).join('\n')}
          *) ;;
        esac
      fi ;;
  esac
}
complete -F ${name} ${bin}
`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
const takesValue = ({ valueName }: FlagDescription): boolean => valueName !== undefined;

function nodeCase({ words, command, children }: CommandNode): string {
  const flags = (command?.flags ?? []).flatMap(writtenFlags);
  const offered = words.length === 0 ? [...new Set([...flags, '--help', '--version'])] : flags;
  const names = children.map((child) => child.words.at(-1) ?? '');
  return `    ${quoted(words.join(' '))})
      children=${quoted(names.join(' '))}
      flags=${quoted(offered.join(' '))} ;;`;
}

function valueCases({ words, command }: CommandNode, name: string): string[] {
  return (command?.flags ?? []).filter(takesValue).map((flag) => {
    const places = writtenFlags(flag).map((written) => quoted(`${words.join(' ')}:${written}`));
    return `    ${places.join(' | ')}) ${[...offer(valueKind(flag), name), 'return'].join('; ')} ;;`;
  });
}

/** Only of a command without commands of its own: there a word is an argument. */
function argumentCase({ words, command, children }: CommandNode, name: string): string[] {
  const [argument] = command?.args ?? [];
  if (argument === undefined || children.length > 0) return [];
  const offered = offer(valueKind({ valueName: argument.name, options: argument.options }), name);
  return offered.length === 0 ? [] : [`          ${quoted(words.join(' '))}) ${offered.join('; ')} ;;`];
}

function offer(kind: ValueKind, name: string): string[] {
  switch (kind.kind) {
    case 'one of':
      return [`${name}_offer -W ${quoted(kind.options.join(' '))}`];
    case 'folder':
      return ['compopt -o filenames 2>/dev/null', `${name}_offer -d`];
    case 'file':
      return ['compopt -o filenames 2>/dev/null', `${name}_offer -f`];
    case 'free':
      break;
  }
  return [];
}
