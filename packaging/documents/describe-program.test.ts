/** What is read off the commands: all of them, as `--help` has them, with their templates filled in. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { commands as serverCommands } from '../../server/commands/index.ts';
import { commands as workerCommands } from '../../src/commands/index.ts';
import { allNodes, commandTree, describeProgram, valueKind, writtenFlags } from './describe-program.ts';
import { programs } from './programs.ts';

const describing = suite('describing programs');

const server = await describeProgram('stt-server', programs['stt-server']?.commands ?? '');
const worker = await describeProgram('stt', programs['stt']?.commands ?? '');

describing('every command is there, and each is explained', () => {
  for (const [program, commands] of [
    [server, serverCommands],
    [worker, workerCommands],
  ] as const) {
    const typed = program.commands.map(({ words }) => words.join(' '));
    assert.equal(
      typed.toSorted(),
      Object.keys(commands)
        .map((id) => id.replaceAll(':', ' '))
        .toSorted(),
    );
    for (const { words, summary, flags } of program.commands) {
      assert.ok(summary.length > 10, words.join(' '));
      for (const flag of flags) assert.ok(flag.description !== '', `${words.join(' ')} --${flag.name}`);
    }
  }
});

describing('no template is left in any text', () => {
  assert.not.match(JSON.stringify([server, worker]), /<%/u);
  const serve = server.commands.find(({ words }) => words[0] === 'serve');
  assert.match(serve?.examples[0]?.command ?? '', /^stt-server --library/u);
});

describing('flags have their values, options and defaults', () => {
  const flag = (words: string, name: string) =>
    server.commands.find((command) => command.words.join(' ') === words)?.flags.find((one) => one.name === name);
  assert.is(flag('serve', 'library')?.valueName, 'DIR');
  assert.equal(valueKind(flag('serve', 'library') ?? { valueName: undefined, options: [] }), { kind: 'folder' });
  assert.is(flag('tasks list', 'limit')?.fallback, '100');
  assert.ok(flag('tasks list', 'state')?.isRepeated);
  assert.ok(flag('tasks list', 'state')?.options.includes('dead'));
  assert.is(flag('tasks list', 'json')?.valueName, undefined);
  const yes = worker.commands.find(({ words }) => words[0] === 'setup')?.flags.find(({ name }) => name === 'yes');
  assert.equal(yes === undefined ? [] : writtenFlags(yes), ['-y', '--yes']);
});

describing('the tree has a place for each command and each topic', () => {
  const tree = commandTree(server, 'serve');
  assert.is(tree.command?.words[0], 'serve');
  const tasks = tree.children.find(({ words }) => words[0] === 'tasks');
  assert.is(tasks?.command, undefined);
  assert.equal(
    tasks?.children.map(({ words }) => words.at(-1)),
    ['cancel', 'list', 'purge', 'retry', 'show'],
  );
  // `stt config` is a command and a topic.
  const config = commandTree(worker).children.find(({ words }) => words[0] === 'config');
  assert.ok(config?.command);
  assert.ok(allNodes(commandTree(worker)).some(({ words }) => words.join(' ') === 'config set'));
});

describing('what may be said no to can be typed in two ways', () => {
  const flag = { name: '[no-]colour', short: 'c', description: '', valueName: undefined, options: [] };
  assert.equal(writtenFlags({ ...flag, isRepeated: false, fallback: undefined }), ['-c', '--colour', '--no-colour']);
});

describing.run();
