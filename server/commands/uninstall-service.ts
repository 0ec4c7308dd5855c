/** `stt-server uninstall-service`: takes back what `stt-server install-service` made. */
import { UninstallCommand, uninstallDescription } from '../../src/commands/service/uninstall-command.ts';
import { serverProgram } from '../../src/service/service-program.ts';

export class UninstallServerServiceCommand extends UninstallCommand {
  static override summary = 'Stop the service of the server, and remove it.';
  static override description = uninstallDescription;
  static override examples = [
    { description: 'See every command first', command: '<%= config.bin %> uninstall-service --dry-run' },
    { description: 'That of the machine', command: 'sudo <%= config.bin %> uninstall-service' },
  ];
  protected readonly program = serverProgram;
}
