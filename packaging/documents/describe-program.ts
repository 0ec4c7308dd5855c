/**
 * What a program says of its commands, as plain data: manual pages and completions are made of it, so that they cannot say anything
 * else than `--help`. Reads oclif's metadata; runs no command.
 */
import { type Command, Config, Help } from '@oclif/core';
import { packageFolder, packageVersion } from '../../src/package-folder.ts';

export type ProgramDescription = {
  /** As it is typed: `stt-server`. */
  bin: string;
  version: string;
  /** By name; without those that are hidden. */
  commands: CommandDescription[];
};

export type CommandDescription = {
  /** As it is typed: `['tasks', 'list']`. */
  words: string[];
  summary: string;
  /** Paragraphs are separated by empty lines. */
  description: string;
  examples: { description: string; command: string }[];
  args: ArgumentDescription[];
  flags: FlagDescription[];
};

export type ArgumentDescription = {
  name: string;
  description: string;
  isRequired: boolean;
  /** Any number of words may follow. */
  isRepeated: boolean;
  options: readonly string[];
};

export type FlagDescription = {
  /** Without the dashes. */
  name: string;
  /** One letter. */
  short: string | undefined;
  description: string;
  /** What stands for its value: `FILE`. Undefined where it takes none. */
  valueName: string | undefined;
  options: readonly string[];
  isRepeated: boolean;
  /** Words for people, where it has one that help should tell. */
  fallback: string | undefined;
};

/** @param target the source file that exports the commands, from the folder of package.json. */
export async function describeProgram(bin: string, target: string): Promise<ProgramDescription> {
  const version = packageVersion();
  const commands = { strategy: 'explicit' as const, target, identifier: 'commands' };
  const oclif = { bin, dirname: 'stt', topicSeparator: ' ' as const, commands };
  const pjson = { name: 'stt', version, type: 'module', oclif };
  const config = await Config.load({ root: packageFolder, pjson, userPlugins: false, devPlugins: false });
  // Under its other names a command is there again.
  const shown = config.commands.filter(({ id, hidden, aliases }) => !hidden && !aliases.includes(id));
  return {
    bin,
    version,
    commands: shown.map((command) => describeCommand(config, command)).toSorted(byWords),
  };
}

function byWords(one: CommandDescription, other: CommandDescription): number {
  return one.words.join(' ') < other.words.join(' ') ? -1 : 1;
}

function describeCommand(config: Config, command: Command.Loadable): CommandDescription {
  // The texts are templates.
  const help = new Help(config);
  const rendered = (text: string | undefined): string => help.render(text ?? '').trim();
  const flags = Object.values(command.flags).filter(({ hidden }) => hidden !== true);
  const args = Object.values(command.args).filter(({ hidden }) => hidden !== true);
  return {
    words: command.id.split(':'),
    summary: rendered(command.summary),
    description: rendered(command.description),
    examples: (command.examples ?? []).map((example) =>
      typeof example === 'string'
        ? { description: '', command: rendered(example) }
        : { description: rendered(example.description), command: rendered(example.command) },
    ),
    args: args.map(({ name, description, required, options }, index) => ({
      name: name.toUpperCase(),
      description: rendered(description),
      isRequired: required === true,
      isRepeated: command.strict === false && index === args.length - 1,
      options: options ?? [],
    })),
    flags: [...flags.map((flag) => describeFlag(flag, rendered)), helpFlag].toSorted((one, other) =>
      one.name < other.name ? -1 : 1,
    ),
  };
}

const helpFlag: FlagDescription = {
  name: 'help',
  short: undefined,
  description: 'Explain this command.',
  valueName: undefined,
  options: [],
  isRepeated: false,
  fallback: undefined,
};

function describeFlag(flag: Command.Flag.Cached, rendered: (text: string | undefined) => string): FlagDescription {
  const { name, char, summary, description } = flag;
  const common = { short: char, description: rendered(summary ?? description) };
  if (flag.type === 'boolean') {
    // What can be said no to is worth telling as such.
    const negated = flag.allowNo ? `[no-]${name}` : name;
    return { ...common, name: negated, valueName: undefined, options: [], isRepeated: false, fallback: undefined };
  }
  const valueName = flag.helpValue === undefined ? name.toUpperCase() : [flag.helpValue].flat().join(' ');
  const fallback = ['string', 'number'].includes(typeof flag.default) ? String(flag.default) : undefined;
  const options = flag.options ?? [];
  return { ...common, name, valueName, options, isRepeated: flag.multiple === true, fallback };
}

/** A place in the tree of commands: a command, a topic, or both. */
export type CommandNode = {
  words: readonly string[];
  summary: string;
  /** Undefined for a mere topic. */
  command: CommandDescription | undefined;
  /** One word longer. */
  children: CommandNode[];
};

/** @param rootCommand what runs where no command is named. */
export function commandTree({ commands }: ProgramDescription, rootCommand?: string): CommandNode {
  const nodeAt = (words: readonly string[]): CommandNode => {
    const isBelow = (other: CommandDescription): boolean => words.every((word, index) => other.words[index] === word);
    const below = commands.filter((other) => other.words.length > words.length && isBelow(other));
    const names = [...new Set(below.map((other) => other.words[words.length] ?? ''))];
    const path = words.length === 0 ? rootCommand : words.join(' ');
    const command = commands.find((other) => other.words.join(' ') === path);
    const children = names.map((name) => nodeAt([...words, name]));
    // Of a topic nothing better is known than what is in it.
    return { words, summary: command?.summary ?? `${names.join(', ')}.`, command, children };
  };
  return nodeAt([]);
}

/** The node and all below it. */
export function allNodes(node: CommandNode): CommandNode[] {
  return [node, ...node.children.flatMap(allNodes)];
}

/** What a shell may offer for a value, judged by the name that help gives it. */
export function valueKind({ valueName, options }: Pick<FlagDescription, 'valueName' | 'options'>): ValueKind {
  if (options.length > 0) return { kind: 'one of', options };
  const names = (valueName ?? '').split('|');
  if (names.some((name) => ['FILE', 'PATH', 'TARBALL'].includes(name))) return { kind: 'file' };
  if (names.some((name) => ['DIR', 'FOLDER'].includes(name))) return { kind: 'folder' };
  return { kind: 'free' };
}

export type ValueKind =
  { kind: 'one of'; options: readonly string[] } | { kind: 'folder' } | { kind: 'file' } | { kind: 'free' };

/** How a flag may be typed: `--[no-]colour` is two. */
export function writtenFlags({ name, short }: FlagDescription): string[] {
  const long = name.startsWith('[no-]') ? [`--${name.slice(5)}`, `--no-${name.slice(5)}`] : [`--${name}`];
  return [...(short === undefined ? [] : [`-${short}`]), ...long];
}
