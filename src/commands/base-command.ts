/** What all commands share: how an error is shown and which exit code it gives. */
import { Command, Errors } from '@oclif/core';
import { AppError, messageOf } from '../app-error.ts';
import { serviceVariables } from '../config/load-settings.ts';
import { exitCodes } from '../exit-codes.ts';
import { hideSecrets } from '../hide-secrets.ts';
import { isJournal, journalText, priorities } from '../journal.ts';

export abstract class BaseCommand extends Command {
  /** What happens meanwhile. With --json standard output is for the one document. */
  protected say(line: string): void {
    if (this.jsonEnabled()) this.logToStderr(line);
    else this.log(line);
  }

  protected override async catch(error: Error): Promise<unknown> {
    const told = explain(error);
    const isOnJournal = isJournal(2, serviceVariables().journalStream);
    // A wrong flag or `--help`: for people oclif says it best.
    if (told === undefined && (isHelp(error) || !(this.jsonEnabled() || isOnJournal))) return super.catch(error);
    const { code, message: said, hint, exitCode } = told ?? usageError(error);
    const message = hideSecrets(said);
    if (this.jsonEnabled()) {
      this.logJson({ error: { code, message, hint } });
    } else {
      const first = code === bugCode ? hideSecrets(error.stack ?? message) : `${this.config.bin}: ${message}`;
      const lines = [first, ...(hint === undefined ? [] : [`  ${hint}`]), ...(code === bugCode ? [] : [`  [${code}]`])];
      for (const line of lines) this.logToStderr(isOnJournal ? journalText(line, priorities.error) : line);
    }
    process.exitCode = exitCode;
    return undefined;
  }
}

type Told = { code: string; message: string; hint: string | undefined; exitCode: number };

const bugCode = 'STT_BUG';

/** It has been shown, and is no error. */
const isHelp = (error: Error): boolean => error instanceof Errors.ExitError && error.oclif.exit === 0;

/** Undefined for what oclif itself has to say. */
function explain(error: Error): Told | undefined {
  if (error instanceof Errors.CLIError) return undefined;
  if (error instanceof AppError) return error;
  const hint = 'This is a bug in stt; please report it with the lines above.';
  return { code: bugCode, message: messageOf(error), hint, exitCode: exitCodes.software };
}

function usageError(error: Error): Told {
  const hint = 'See --help.';
  return { code: 'STT_USAGE', message: messageOf(error).split('\n')[0] ?? '', hint, exitCode: exitCodes.usage };
}
