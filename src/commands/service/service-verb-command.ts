/** What the commands around services share, of both programs: whose service is meant, and who is asked. */
import { createInterface } from 'node:readline/promises';
import { Flags } from '@oclif/core';
import { AppError } from '../../app-error.ts';
import { exitCodes } from '../../exit-codes.ts';
import type { ChangeWishes, ServiceWishes } from '../../service/install-wishes.ts';
import { thisHost } from '../../service/host.ts';
import type { ServiceProgram } from '../../service/service-program.ts';
import { listenForShutdown } from '../../shutdown.ts';
import { BaseCommand } from '../base-command.ts';
import { hideSettingSecrets, hideSettingSecretsIn } from './hide-setting-secrets.ts';

export const scopeFlags = {
  system: Flags.boolean({ summary: 'The service of the machine. [default for root]', exclusive: ['user'] }),
  user: Flags.boolean({ summary: 'The service of this user. [default for others]', exclusive: ['system'] }),
};

export const changeFlags = {
  ...scopeFlags,
  'dry-run': Flags.boolean({ summary: 'Print every command and every file; change nothing.' }),
  yes: Flags.boolean({ char: 'y', summary: 'Answer the questions with yes.' }),
};

type ScopeFlags = { system: boolean; user: boolean };
type ChangeFlags = ScopeFlags & { 'dry-run': boolean; yes: boolean; force: boolean };

export abstract class ServiceVerbCommand extends BaseCommand {
  protected abstract readonly program: ServiceProgram;

  /** Ctrl-C ends what was started, and is no bug. */
  protected async withWishes<T>(flags: ScopeFlags, act: (wishes: ServiceWishes) => Promise<T>): Promise<T> {
    using shutdown = listenForShutdown();
    const wishes: ServiceWishes = {
      ...this.targetOf(flags),
      say: (line) => this.say(hideSettingSecrets(line)),
      signal: shutdown.drain,
    };
    try {
      return await act(wishes);
    } catch (error) {
      throw shutdown.drain.aborted ? interrupted(error) : error;
    }
  }

  /** Which service of which machine. */
  protected targetOf(flags: ScopeFlags): Pick<ServiceWishes, 'program' | 'host' | 'scope'> {
    return {
      program: this.program,
      host: thisHost(this.program, process.argv[1]),
      scope: flags.system ? 'system' : flags.user ? 'user' : undefined,
    };
  }

  protected changeOf(flags: ChangeFlags): Omit<ChangeWishes, keyof ServiceWishes> {
    const mayAsk = process.stdin.isTTY && process.stderr.isTTY;
    return {
      isDryRun: flags['dry-run'],
      isForced: flags.force,
      confirm: flags.yes ? () => Promise.resolve(true) : mayAsk ? askBeforeChange : undefined,
      argv: this.argv,
    };
  }

  /** @returns what is to be printed as JSON. */
  protected showSteps<Report extends { steps?: string[]; warnings: string[] }>(report: Report): Report {
    const steps = report.steps === undefined ? undefined : hideSettingSecretsIn(report.steps);
    for (const step of steps ?? []) this.log(step);
    return { ...report, ...(steps === undefined ? {} : { steps }), warnings: report.warnings.map(hideSettingSecrets) };
  }
}

/** No answer means no: what is overwritten cannot be taken back. */
async function askBeforeChange(question: string): Promise<boolean> {
  // Not in terminal mode: there readline would swallow Ctrl-C.
  using terminal = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  const ended = new Promise<string>((resolve) => terminal.once('close', () => resolve('no')));
  const answer = await Promise.race([terminal.question(`${question} [y/N] `), ended]);
  return /^y(es)?$/iu.test(answer.trim());
}

const interrupted = (cause: unknown): AppError =>
  new AppError('Interrupted.', {
    code: 'STT_INTERRUPTED',
    hint: 'Run the same command again: what is done already is not done twice.',
    exitCode: exitCodes.interrupted,
    cause,
  });
