/** `stt run`: the worker. Flags in, one call, print. */
import { availableParallelism } from 'node:os';
import { Flags } from '@oclif/core';
import { AppError, messageOf } from '../app-error.ts';
import { systemClock } from '../clock.ts';
import { dataPaths } from '../config/data-paths.ts';
import { dataFolder, loadWorkerSettings, serviceVariables, settingsWarnings } from '../config/load-settings.ts';
import type { WorkerSettings } from '../config/worker-settings.ts';
import { exitCodes } from '../exit-codes.ts';
import { keepHeapSmall } from '../small-heap.ts';
import { listenForShutdown, type Shutdown } from '../shutdown.ts';
import { deliveredExitCode, deliverNow, describeDelivered } from '../worker/outbox/deliver-now.ts';
import { jsonToStandardOutput, openReport } from '../worker/report/open-report.ts';
import { runWorker } from '../worker/run-worker.ts';
import { refuseRoot } from '../worker/service/refuse-root.ts';
import { clientFor } from '../worker/wire/client-for.ts';
import { emptySummary, type Report } from '../worker/worker-event.ts';
import { workerExitCode } from '../worker/worker-exit-code.ts';
import { ServiceCommand } from './service-command.ts';

export class RunCommand extends ServiceCommand {
  static override summary = 'Be a worker: ask the server for recordings, transcribe them, deliver the transcripts.';
  static override description = [
    'Runs until it is stopped, or as --until-empty and --once say; with CRON it works during its hours only. The next recordings are claimed, downloaded and decoded while the engines work (STT_PREFETCH). After SIGTERM or Ctrl-C what will be done within STT_STOP_SECONDS is finished, and the rest handed back to the server at once; a second one hands everything back. "stt status" shows what it does, "stt pause" and "stt drain" steer it. Settings come from flags, the environment, or .env.',
    'With --json each line on standard output is one event: an object with "time" and "event". Events of a task carry "task"; those that end one also "language" and "takenSeconds" since the claim. The events: started, warning, server_away, server_back, idle, claimed, progress (phase, progress; "slot" once an engine has it; speed, etaSeconds), transcribed (outcome: ok, no_speech or suspect, with "suspect" for the reasons; delivery: accepted, refused or waiting; audioSeconds, engineSeconds), failed (phase, fault: recording, engine or machine; reason), lease_lost, handed_back (accepted: whether the server heard it; reason; fault where it was for one), waiting, delivered, refused (what, reason, file), closed (why: hours, pause, broken, drain or stop; reason, until) and opened (whether tasks are taken), summary (counts, engineIdleSeconds), error (code, message, hint).',
    'With --retry-failed it delivers what waits in the outbox, tries again what the server refused, takes over what an ancestor has left in "processed_not_uploaded" and "not_processed_failed_report" of this directory or of the data folder, and ends; it needs no engine. Exit codes then: 0 all are delivered; 65 some were refused; 75 some still wait.',
    'Exit codes: 0 done, or stopped by SIGTERM; 65 some recordings failed (with --until-empty or --once); 69 the server or ffmpeg is not there; 74 a disk is full or read-only; 77 a folder may not be written, or root is asked to work in that of another user; 75 transcripts still wait in the outbox; 78 a setting, the model or the engine is missing or wrong; 130 stopped by Ctrl-C.',
  ].join('\n\n');
  static override examples = [
    { description: 'Work for a server, for good:', command: '<%= config.bin %> run --server http://server:8000' },
    { description: 'Empty the queue and end:', command: '<%= config.bin %> run --until-empty --model large-v3-turbo' },
    { description: 'Deliver what could not be delivered:', command: '<%= config.bin %> run --retry-failed' },
    { description: 'Try it with the bundled model:', command: '<%= config.bin %> run --once --model demo-digits' },
  ];
  static override flags = {
    'until-empty': Flags.boolean({
      description: 'End when the server has no task to give.',
      exclusive: ['once', 'retry-failed'],
    }),
    once: Flags.boolean({ description: 'Work on one task, then end.', exclusive: ['retry-failed'] }),
    'retry-failed': Flags.boolean({
      description: 'Deliver what waits, and try again what the server refused; then end.',
      // As the ancestor spelled it.
      aliases: ['retry_failed'],
    }),
    json: Flags.boolean({ description: 'Print one JSON event per line.' }),
    server: Flags.string({ helpValue: 'URL', description: 'The server that hands out tasks (SERVER_URL).' }),
    model: Flags.string({ helpValue: 'NAME', description: 'The Whisper model, by name or path (STT_MODEL).' }),
    slots: Flags.string({ helpValue: 'N', description: 'Tasks worked on at the same time (STT_SLOTS).' }),
    threads: Flags.string({ helpValue: 'N', description: 'CPU threads, shared by the slots (STT_THREADS).' }),
    name: Flags.string({
      helpValue: 'NAME',
      description: 'Name of this worker in the logs of the server (NODE_NAME).',
    }),
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(RunCommand);
    keepHeapSmall();
    using shutdown = listenForShutdown();
    try {
      const settings = loadWorkerSettings({
        SERVER_URL: flags.server,
        STT_MODEL: flags.model,
        STT_SLOTS: flags.slots,
        STT_THREADS: flags.threads,
        NODE_NAME: flags.name,
      });
      await refuseRoot(dataFolder(settings), flags['retry-failed'] ? 'stt run --retry-failed' : 'stt run');
      const mode = flags.once ? 'once' : flags['until-empty'] ? 'until_empty' : 'forever';
      using display = openReport({
        json: flags.json,
        logLevel: settings.logLevel,
        journal: serviceVariables().journalStream,
      });
      this.hearTrouble = (message) => display.report({ event: 'warning', message });
      for (const message of settingsWarnings()) display.report({ event: 'warning', message });
      if (flags['retry-failed']) {
        await this.retryFailed(settings, display.report, shutdown, flags.json);
        return;
      }
      const summary = await runWorker({
        settings,
        paths: dataPaths(dataFolder(settings)),
        ancestorFolder: process.cwd(),
        mode,
        report: display.report,
        shutdown,
        notifier: this.notifier,
        clock: systemClock,
        processors: availableParallelism(),
      });
      process.exitCode = workerExitCode(summary, mode, shutdown.receivedSignal());
    } catch (error) {
      if (flags.json) {
        const { code, hint } = error instanceof AppError ? error : { code: 'STT_BUG', hint: undefined };
        jsonToStandardOutput()({ event: 'error', code, message: messageOf(error), hint });
      }
      throw error;
    }
  }

  private async retryFailed(settings: WorkerSettings, report: Report, shutdown: Shutdown, isJson: boolean) {
    const { folder, outbox } = dataPaths(dataFolder(settings));
    const delivered = await deliverNow({
      outboxFolder: outbox,
      client: clientFor(settings, systemClock),
      clock: systemClock,
      report,
      signal: shutdown.drain,
      retry: { ancestorFolders: [process.cwd(), folder] },
    });
    const { refused, waiting } = delivered;
    if (isJson) report({ event: 'summary', demoModel: false, ...emptySummary, refused, waiting });
    else for (const line of describeDelivered(delivered)) this.logToStderr(line);
    const isInterrupted = shutdown.receivedSignal() === 'SIGINT';
    process.exitCode = isInterrupted ? exitCodes.interrupted : deliveredExitCode(delivered);
  }
}
