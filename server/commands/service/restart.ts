/** `stt-server service restart`: the service of the server is started anew. */
import { RestartServiceCommand } from '../../../src/commands/service/restart-command.ts';
import { serverProgram } from '../../../src/service/service-program.ts';

export class RestartServerServiceCommand extends RestartServiceCommand {
  static override summary = 'Start the service of the server anew, as after a change of its settings.';
  static override description =
    'Running requests are finished first. Waits until it listens.\n\nExit codes: 0 it runs; 69 it did not start, or there is none; 77 it takes root.';
  static override examples = [
    { description: 'After a change of the settings', command: 'sudo <%= config.bin %> service restart' },
  ];
  protected readonly program = serverProgram;
}
