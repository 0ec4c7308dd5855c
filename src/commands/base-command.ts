/** What all commands share: how an error is shown and which exit code it gives. */
import { Command, Errors } from '@oclif/core';
import { AppError, messageOf } from '../app-error.ts';
import { exitCodes } from '../exit-codes.ts';

export abstract class BaseCommand extends Command {
  /** What happens meanwhile. With --json standard output is for the one document. */
  protected say(line: string): void {
    if (this.jsonEnabled()) this.logToStderr(line);
    else this.log(line);
  }

  protected override async catch(error: Error & { exitCode?: number }): Promise<unknown> {
    // A wrong flag or `--help`: oclif says it best.
    if (error instanceof Errors.CLIError) return super.catch(error);
    const known = error instanceof AppError ? error : undefined;
    const code = known?.code ?? 'STT_BUG';
    const hint = known === undefined ? 'This is a bug in stt; please report it with the lines above.' : known.hint;
    if (this.jsonEnabled()) {
      this.logJson({ error: { code, message: messageOf(error), hint } });
    } else {
      this.logToStderr(
        known === undefined ? (error.stack ?? messageOf(error)) : `${this.config.bin}: ${error.message}`,
      );
      if (hint !== undefined) this.logToStderr(`  ${hint}`);
      if (known !== undefined) this.logToStderr(`  [${code}]`);
    }
    process.exitCode = known?.exitCode ?? exitCodes.software;
    return undefined;
  }
}
