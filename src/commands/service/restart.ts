/** `stt service restart`: the service of the worker is started anew. */
import { workerProgram } from '../../service/service-program.ts';
import { RestartServiceCommand } from './restart-command.ts';

export class RestartWorkerServiceCommand extends RestartServiceCommand {
  static override summary = 'Start the service of the worker anew, as after a change of its settings.';
  static override description =
    'What it has in hand is finished or handed back first. Waits until it is ready.\n\nExit codes: 0 it runs; 69 it did not start, or there is none; 77 it takes root.';
  static override examples = [
    { description: 'After a change of the settings', command: '<%= config.bin %> service restart' },
  ];
  protected readonly program = workerProgram;
}
