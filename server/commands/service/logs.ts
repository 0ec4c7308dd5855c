/** `stt-server service logs`: what the service of the server has logged. */
import { ServiceLogsCommand } from '../../../src/commands/service/logs-command.ts';
import { serverProgram } from '../../../src/service/service-program.ts';

export class ServerServiceLogsCommand extends ServiceLogsCommand {
  static override summary = 'Show what the service of the server has logged.';
  static override examples = [
    { description: 'Go on with what comes', command: '<%= config.bin %> service logs -f' },
    { description: 'Of today', command: '<%= config.bin %> service logs --since today -n 1000' },
  ];
  protected readonly program = serverProgram;
}
