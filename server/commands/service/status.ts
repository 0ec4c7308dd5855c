/** `stt-server service status`: how the service of the server is. */
import { ServiceStatusCommand, statusDescription } from '../../../src/commands/service/status-command.ts';
import { serverProgram } from '../../../src/service/service-program.ts';

export class ServerServiceStatusCommand extends ServiceStatusCommand {
  static override summary = 'Show how the service of the server is.';
  static override description = statusDescription;
  static override examples = [{ description: 'In a script', command: '<%= config.bin %> service status --json' }];
  protected readonly program = serverProgram;
}
