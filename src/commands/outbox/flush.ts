/** `stt outbox flush`: deliver now what waits. Flags in, one call, print. */
import { Flags } from '@oclif/core';
import { systemClock } from '../../clock.ts';
import { dataPaths } from '../../config/data-paths.ts';
import { dataFolder, loadWorkerSettings } from '../../config/load-settings.ts';
import { exitCodes } from '../../exit-codes.ts';
import { startProgress } from '../../progress.ts';
import { listenForShutdown } from '../../shutdown.ts';
import { type Delivered, deliveredExitCode, deliverNow, describeDelivered } from '../../worker/outbox/deliver-now.ts';
import { describeEvent } from '../../worker/report/describe-event.ts';
import { refuseRoot } from '../../worker/service/refuse-root.ts';
import { clientFor } from '../../worker/wire/client-for.ts';
import type { WorkerEvent } from '../../worker/worker-event.ts';
import { BaseCommand } from '../base-command.ts';

export class FlushOutboxCommand extends BaseCommand {
  static override summary = 'Deliver now what waits in the outbox.';
  static override description = [
    'Tries each transcript and error report once, also those of workers that have ended. Those of a worker that runs with this data folder are left to it. Needs no engine. What was refused before is tried again by `stt run --retry-failed`.',
    'Exit codes: 0 all are delivered; 65 some were refused by the server; 75 some still wait, or are the ones of a running worker; 74 or 77 the outbox cannot be used; 78 a setting is wrong; 130 stopped by Ctrl-C.',
  ].join('\n\n');
  static override examples = [
    { description: 'Before a machine is taken away:', command: '<%= config.bin %> outbox flush' },
    { description: 'To another server:', command: '<%= config.bin %> outbox flush --server http://server:8000' },
  ];
  static override enableJsonFlag = true;
  static override flags = {
    server: Flags.string({ helpValue: 'URL', description: 'The server that handed out the tasks (SERVER_URL).' }),
  };

  override async run(): Promise<Delivered> {
    const { flags } = await this.parse(FlushOutboxCommand);
    using shutdown = listenForShutdown();
    const settings = loadWorkerSettings({ SERVER_URL: flags.server });
    await refuseRoot(dataFolder(settings), 'stt outbox flush');
    const told: WorkerEvent[] = [];
    const delivered = await this.deliver(settings, shutdown.drain, told);
    for (const event of told) {
      const text = event.event === 'delivered' ? undefined : describeEvent(event);
      if (text !== undefined) this.logToStderr(text);
    }
    for (const line of describeDelivered(delivered)) this.say(line);
    const isInterrupted = shutdown.receivedSignal() === 'SIGINT';
    process.exitCode = isInterrupted ? exitCodes.interrupted : deliveredExitCode(delivered);
    return delivered;
  }

  /** The bar is gone before anything else is printed. */
  private async deliver(
    settings: ReturnType<typeof loadWorkerSettings>,
    signal: AbortSignal,
    told: WorkerEvent[],
  ): Promise<Delivered> {
    using bar = process.stderr.isTTY && !this.jsonEnabled() ? startProgress('deliver') : undefined;
    return await deliverNow({
      outboxFolder: dataPaths(dataFolder(settings)).outbox,
      client: clientFor(settings, systemClock),
      clock: systemClock,
      report: (event) => told.push(event),
      signal,
      onProgress: (done, all) => bar?.update(done / all, `${done} of ${all}`),
    });
  }
}
