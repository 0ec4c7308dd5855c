/** `stt service status`: how the service of the worker is. */
import { workerProgram } from '../../service/service-program.ts';
import { ServiceStatusCommand, statusDescription } from './status-command.ts';

export class WorkerServiceStatusCommand extends ServiceStatusCommand {
  static override summary = 'Show how the service of the worker is. What the worker does: stt status.';
  static override description = statusDescription;
  static override examples = [{ description: 'In a script', command: '<%= config.bin %> service status --json' }];
  protected readonly program = workerProgram;
}
