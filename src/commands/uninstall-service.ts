/** `stt uninstall-service`: takes back what `stt install-service` made. */
import { workerProgram } from '../service/service-program.ts';
import { UninstallCommand, uninstallDescription } from './service/uninstall-command.ts';

export class UninstallWorkerServiceCommand extends UninstallCommand {
  static override summary = 'Stop the service of the worker, and remove it.';
  static override description = uninstallDescription;
  static override examples = [
    { description: 'See every command first', command: '<%= config.bin %> uninstall-service --dry-run' },
    { description: 'That of the machine', command: 'sudo <%= config.bin %> uninstall-service' },
  ];
  protected readonly program = workerProgram;
}
