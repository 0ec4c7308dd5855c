/** What the two commands share that run for good, as a rule under systemd: it is told how they are, and why they ended. */
import { AppError, messageOf } from '../app-error.ts';
import { serviceVariables } from '../config/load-settings.ts';
import { openNotifier } from '../sd-notify.ts';
import { BaseCommand } from './base-command.ts';

export abstract class ServiceCommand extends BaseCommand {
  /** Why systemd cannot be told; into the log, once there is one. */
  protected hearTrouble = (message: string): void => this.logToStderr(message);

  protected readonly notifier = openNotifier({
    variables: serviceVariables(),
    onTrouble: (message) => this.hearTrouble(message),
  });

  /** It stays in `systemctl status`, whatever the log says afterwards. */
  protected override async catch(error: Error): Promise<unknown> {
    const hint = error instanceof AppError ? (error.hint ?? '') : '';
    await this.notifier.close(`${asSentence(messageOf(error))} ${hint}`);
    return super.catch(error);
  }

  protected override async finally(error: Error | undefined): Promise<void> {
    await this.notifier.close('stopped');
    await super.finally(error);
  }
}

/** In one line, also where it lists what is wrong. */
const asSentence = (message: string): string =>
  message
    .trim()
    .replaceAll(/:\n\s*/gu, ': ')
    .replaceAll(/\n\s*/gu, '; ')
    .replace(/(?<![.?!])$/u, '.');
