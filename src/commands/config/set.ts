/** `stt config set`: writes settings into the worker's settings file. Flags in, one call, print. */
import { text } from 'node:stream/consumers';
import { Args, Flags } from '@oclif/core';
import { AppError } from '../../app-error.ts';
import { workerSetting } from '../../config/check-changes.ts';
import { workerEnvFile } from '../../config/load-settings.ts';
import { holdsSecret } from '../../config/open-secrets.ts';
import { isSecret } from '../../config/setting.ts';
import { exitCodes } from '../../exit-codes.ts';
import { type AppliedSettings, applySettings } from '../../setup/configure/apply-settings.ts';
import { describeApplied } from '../../setup/configure/configure-worker.ts';
import { openDialogue } from '../../setup/configure/open-dialogue.ts';
import { listenForShutdown } from '../../shutdown.ts';
import { BaseCommand } from '../base-command.ts';

export class SetConfigCommand extends BaseCommand {
  static override summary = 'Write settings into the settings file of the worker.';
  static override description = [
    'All or none of them: what is no setting, or wrong, is refused. Comments, order and other names in the file stay; it is readable for its owner only. A secret without a value (PASSWORD, STT_TOKEN, GOTIFY_KEY) is asked for on the terminal and not shown there; --stdin reads it from standard input instead, to its end and without the last line end. GGML_* names are settings of ggml, which the engine is started with. A value with all three kinds of quotes (\' " `) and a # in it cannot be written.',
    'Exit codes: 0 done, also where it was so already; 2 a wrong argument; 65 a value has no writing in a settings file; 66 the input ended; 74 or 77 the file cannot be written; 75 another process is changing it all the time; 78 it cannot be read, or a name or value is wrong; 130 stopped by Ctrl-C.',
  ].join('\n\n');
  static override examples = [
    {
      description: 'Another server, at night:',
      command: `<%= config.bin %> config set SERVER_URL=http://server:8000 CRON='0 22 * * *' PROCESSING_HOURS=8`,
    },
    { description: 'A token, which is asked for:', command: '<%= config.bin %> config set STT_TOKEN' },
    { description: 'The same in a script:', command: '<%= config.bin %> config set STT_TOKEN --stdin < token.txt' },
  ];
  static override enableJsonFlag = true;
  static override strict = false;
  static override args = {
    setting: Args.string({ required: true, description: 'NAME=VALUE, several of them; for a secret NAME alone.' }),
  };
  static override flags = {
    'dry-run': Flags.boolean({ description: 'Say what would be written, and write nothing.' }),
    stdin: Flags.boolean({ description: 'Read the secret without a value from standard input.' }),
  };

  override async run(): Promise<AppliedSettings> {
    const { argv, flags } = await this.parse(SetConfigCommand);
    const given = argv.map((argument) => readArgument(String(argument)));
    // It may be a secret: it is not said again.
    if (given.some(({ name }) => name.trim() === '')) throw usage('A setting has no name.', 'Write NAME=VALUE.');
    const asked = given.filter(({ value }) => value === undefined);
    for (const { name } of asked) {
      if (!isSecretName(name))
        throw usage(`${name} has no value.`, 'Write NAME=VALUE; to take it away: stt config unset.');
    }
    for (const { name, value } of given) if (value !== undefined && holdsSecret(name, value)) this.warnOf(name);
    const secrets = flags.stdin ? await fromInput(asked.map(({ name }) => name)) : await askFor(asked);
    const changes = { ...Object.fromEntries(given.map(({ name, value }) => [name, value])), ...secrets };
    const applied = await applySettings(workerEnvFile(), changes, flags['dry-run']);
    for (const line of describeApplied(applied, flags['dry-run'])) this.say(line);
    return applied;
  }

  private warnOf(name: string): void {
    const better = isSecretName(name)
      ? `stt config set ${name}`
      : 'write it into the file that "stt config path" names';
    this.logToStderr(
      `${name} stood on the command line: the history of the shell keeps it, and others could see it. Better: ${better}`,
    );
  }
}

type Argument = { name: string; value: string | undefined };

function readArgument(argument: string): Argument {
  const at = argument.indexOf('=');
  return at === -1
    ? { name: argument, value: undefined }
    : { name: argument.slice(0, at), value: argument.slice(at + 1) };
}

function isSecretName(name: string): boolean {
  const setting = workerSetting(name);
  return setting !== undefined && isSecret(setting);
}

async function fromInput(names: readonly string[]): Promise<Record<string, string>> {
  const [name, ...others] = names;
  if (name === undefined || others.length > 0) {
    throw usage('--stdin is for one secret without a value.', 'Like: stt config set STT_TOKEN --stdin < token.txt');
  }
  // What `echo` and editors put behind it; a line end before that belongs to the secret.
  return { [name]: (await text(process.stdin)).replace(/\r?\n$/u, '') };
}

async function askFor(asked: readonly Argument[]): Promise<Record<string, string>> {
  const answers: Record<string, string> = {};
  if (asked.length === 0) return answers;
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw usage('Nobody can be asked here: this is no terminal.', 'Give the secret on standard input, with --stdin.');
  }
  using shutdown = listenForShutdown();
  using dialogue = openDialogue(shutdown.drain);
  for (const { name } of asked) answers[name] = await dialogue.askSecret(`${name} (it is not shown): `);
  return answers;
}

function usage(message: string, hint: string): AppError {
  return new AppError(message, { code: 'STT_USAGE', hint, exitCode: exitCodes.usage });
}
