/** `stt service logs`: what the service of the worker has logged. */
import { workerProgram } from '../../service/service-program.ts';
import { ServiceLogsCommand } from './logs-command.ts';

export class WorkerServiceLogsCommand extends ServiceLogsCommand {
  static override summary = 'Show what the service of the worker has logged.';
  static override examples = [
    { description: 'Go on with what comes', command: '<%= config.bin %> service logs -f' },
    { description: 'Of today', command: '<%= config.bin %> service logs --since today -n 1000' },
  ];
  protected readonly program = workerProgram;
}
