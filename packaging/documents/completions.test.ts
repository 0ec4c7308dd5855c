// deadline: 60 s
/** Completions as the shells themselves give them; a shell that is not here is skipped. */
import { mkdir, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findProgram } from '../../src/find-program.ts';
import { runChild } from '../../src/run-child.ts';
import { type TemporaryFolder, temporaryFolder } from '../../test/support/temporary-folder.ts';
import { bashCompletion } from './bash-completion.ts';
import { describeProgram, type ProgramDescription } from './describe-program.ts';
import { fishCompletion } from './fish-completion.ts';
import { programs } from './programs.ts';
import { zshCompletion } from './zsh-completion.ts';

const completions = suite('completions');

const described = new Map<string, ProgramDescription>();
for (const [bin, { commands }] of Object.entries(programs)) described.set(bin, await describeProgram(bin, commands));

type Shell = {
  write: (program: ProgramDescription, rootCommand?: string) => string;
  /** Its own words for: what comes after this line? The file to be read lies in `$1`. */
  script: (bin: string) => string;
};

const bash: Shell = {
  write: bashCompletion,
  // As bash does it, with the function that was named for the program.
  script: (bin) => `. "$1"
line=$2
# bash cuts at = as well.
read -ra COMP_WORDS <<<"\${line//=/ = }"
[[ $line == *[\\ =] ]] && COMP_WORDS+=('')
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)) COMP_LINE=$line
spec=$(complete -p ${bin})
function=\${spec#*-F }
"\${function%% *}"
printf '%s\\n' "\${COMPREPLY[@]}"`,
};

/** What 3.2, the bash of macOS, has not; it does not cut at = either. */
const oldBash: Shell = {
  write: bashCompletion,
  script: (bin) => `enable -n mapfile readarray compopt
${bash.script(bin).replace('//=/ = ', '')}`,
};

const fish: Shell = {
  write: fishCompletion,
  script: () => `source $argv[1]; complete -C $argv[2] | string split -f1 \\t`,
};

/** zsh completes for a terminal only: one is made, Tab is pressed, and what it lists is read. */
const zsh: Shell = {
  write: zshCompletion,
  script: () => `zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PROMPT= LISTMAX=0; stty columns 300 rows 200; autoload -Uz compinit && compinit -D -u"
zpty -w shell "zstyle ':completion:*' list-prompt ''; zstyle ':completion:*' verbose no; setopt no_auto_menu list_rows_first"
zpty -w shell "source $1; bindkey '^I' list-choices; print ready-$((1))"
zpty -r shell out '*ready-1*'
zpty -w -n shell "$2"
zpty -w -n shell $'\\t'
# Back on the line, which is shown again.
zpty -r shell listed $'*\\e?J\\e?A\\e?0m*\\e?K*'
zpty -w -n shell $'\\x15print done-$((1))\\n'
zpty -r shell out '*done-1*'
zpty -d shell
print -r -- "$listed"`,
};

async function isHere(program: string): Promise<boolean> {
  return (await findProgram(program, process.env['PATH'] ?? '')).kind === 'found';
}

async function ask(name: string, shell: Shell, folder: TemporaryFolder, line: string): Promise<string[]> {
  const bin = line.split(' ')[0] ?? '';
  const program = described.get(bin) as ProgramDescription;
  await writeFile(folder.join(bin), shell.write(program, programs[bin]?.rootCommand));
  const flags = name === 'zsh' ? ['-f', '-c'] : name === 'fish' ? ['--no-config', '-c'] : ['-c'];
  const script = shell.script(bin);
  const words = name === 'fish' ? [script, folder.join(bin), line] : [script, name, folder.join(bin), line];
  const end = await runChild({
    file: name,
    args: [...flags, ...words],
    cwd: folder.path,
    // zsh: without a terminal's name it draws no list.
    env: { HOME: folder.path, TERM: 'xterm' },
    timeoutMs: 10_000,
    stdoutLimitBytes: 100_000,
  });
  assert.is(end.exitCode, 0, end.outputTail);
  // zsh moves about on its terminal, and shows what was typed again.
  const text = end.stdout.replaceAll(/\p{Cc}\[[\d;?]*[A-Za-z]/gu, ' ');
  const typed = name === 'zsh' ? line.split(' ') : [];
  return text.split(/\s+/u).filter((word) => word !== '' && !typed.includes(word));
}

/** What is typed, what must be offered, what must not. */
const asked: [line: string, offered: string[], not: string[]][] = [
  ['stt-server ', ['serve', 'backup', 'tasks', 'worker'], ['list', '--port']],
  ['stt-server t', ['tasks'], ['worker']],
  ['stt-server --', ['--library', '--port', '--help', '--version'], ['--limit']],
  ['stt-server tasks ', ['list', 'show', 'retry', 'cancel', 'purge'], ['tasks', 'add']],
  ['stt-server tasks list --', ['--state', '--limit', '--json', '--help'], ['--library', '--role']],
  ['stt-server tasks list --state ', ['dead', 'pending'], ['list', 'recordings']],
  ['stt-server tasks list --json --state d', ['dead', 'done'], ['pending']],
  ['stt-server worker add --role ', ['admin', 'metrics'], ['list']],
  ['stt-server --library ', ['recordings/'], ['a.txt', 'serve']],
  // Not the command of that name, but the value of a flag.
  ['stt-server --library tasks --p', ['--port'], ['--path']],
  ['stt models ', ['download', 'list', 'remove', 'verify'], ['set']],
  // A command and a topic.
  ['stt config ', ['path', 'set', 'unset'], ['run']],
];

/** bash adds the stroke of a folder itself, as it does where a name is completed. */
const withoutStroke = (words: readonly string[]): string[] => words.map((word) => word.replace(/\/$/u, ''));

for (const [name, shell] of Object.entries({ bash, fish, zsh })) {
  const isThere = await isHere(name);
  const there = (title: string, body: () => Promise<void>): unknown =>
    isThere ? completions(title, body) : completions.skip(title, body);
  there(`${name} offers what may stand there, and nothing else`, async () => {
    await using folder = await temporaryFolder();
    await mkdir(folder.join('recordings'));
    await writeFile(folder.join('a.txt'), '');
    for (const [line, offered, not] of asked) {
      const words = withoutStroke(await ask(name, shell, folder, line));
      for (const word of withoutStroke(offered))
        assert.ok(words.includes(word), `${line}: no ${word} in ${words.join(' ')}`);
      for (const word of not) assert.not.ok(words.includes(word), `${line}: ${word} in ${words.join(' ')}`);
    }
  });
}

completions('a flag and its value may be one word in bash, and in one as old as that of macOS', async () => {
  await using folder = await temporaryFolder();
  await mkdir(folder.join('recordings'));
  for (const shell of [bash, oldBash]) {
    assert.equal(await ask('bash', shell, folder, 'stt-server tasks list --state=de'), ['dead']);
    assert.equal(await ask('bash', shell, folder, 'stt-server --library re'), ['recordings']);
    assert.equal(await ask('bash', shell, folder, 'stt-server tas'), ['tasks']);
  }
});

completions.run();
