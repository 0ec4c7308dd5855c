/** `stt-server`, also `stt serve`: flags in, one server, until it is told to stop. */
import { once } from 'node:events';
import { Flags } from '@oclif/core';
import { ServiceCommand } from '../../src/commands/service-command.ts';
import { loadServerSettings, serverWarnings, serviceVariables } from '../../src/config/load-settings.ts';
import { createLogger } from '../../src/logger.ts';
import { listenForShutdown } from '../../src/shutdown.ts';

export class ServeCommand extends ServiceCommand {
  static override summary = 'Hand out the recordings of a library to workers, and collect their transcripts.';
  static override description = `Every recording below the library without a .vtt beside it becomes a task. Its language stands in NAME.json under sql_params.language. A worker that asks gets the recording; its transcript is written to NAME.vtt.

Settings may also stand in the environment, in .env (see .env.example), or in the settings file of the server: server.env in the config folder (/etc/stt for root), or what STT_ENV_FILE in the environment names. Flags win, then the environment, then .env. The server listens on this machine only, unless told otherwise; on other addresses it wants tokens (stt-server worker add), or STT_INSECURE=true.

Ends on SIGTERM or Ctrl-C: running requests are finished first; a second signal ends it at once.`;
  static override examples = [
    {
      description: 'Serve a directory on http://127.0.0.1:8000',
      command: '<%= config.bin === "stt" ? "stt serve" : config.bin %> --library /srv/recordings',
    },
    {
      description: 'For workers in the local network; recordings without a sidecar are English',
      command:
        '<%= config.bin === "stt" ? "stt serve" : config.bin %> --library /srv/recordings --host 0.0.0.0 --default-language en',
    },
    {
      description: 'Is it ready?',
      command: 'curl http://127.0.0.1:8000/readyz',
    },
  ];
  static override flags = {
    library: Flags.string({ helpValue: 'DIR', summary: 'The directory with the recordings (AUDIO_DIR).' }),
    host: Flags.string({ helpValue: 'ADDRESS', summary: 'Listen on this address (HOST). [default: 127.0.0.1]' }),
    port: Flags.string({
      helpValue: 'NUMBER',
      summary: 'Listen on this port; 0 takes a free one (PORT). [default: 8000]',
    }),
    database: Flags.string({
      helpValue: 'FILE',
      summary: 'Keep the tasks in this file; processed.csv is written beside it (DB_FILE).',
    }),
    'log-dir': Flags.string({
      helpValue: 'DIR',
      summary: 'Also write the log to YYYY-MM-DD.log in this directory (LOG_DIR).',
    }),
    'default-language': Flags.string({
      helpValue: 'CODE',
      summary: 'Language of recordings whose sidecar states none: like en, or auto (STT_DEFAULT_LANGUAGE).',
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(ServeCommand);
    const settings = loadServerSettings({
      AUDIO_DIR: flags.library,
      HOST: flags.host,
      PORT: flags.port,
      DB_FILE: flags.database,
      LOG_DIR: flags['log-dir'],
      STT_DEFAULT_LANGUAGE: flags['default-language'],
    });
    const { journalStream: journal } = serviceVariables();
    const logger = createLogger({ level: settings.logLevel, directory: settings.logDir, journal });
    this.hearTrouble = (message) => logger.warn(message);
    for (const warning of serverWarnings()) logger.warn(warning);
    using shutdown = listenForShutdown();
    // Here, so that the other commands and --help start without the server.
    const { startServer } = await import('../main.ts');
    const server = await startServer({ settings, logger, notifier: this.notifier, signal: shutdown.drain });
    logger.info({ url: server.url, library: settings.audioDir }, 'listening');
    const ended = AbortSignal.any([shutdown.drain, server.failed]);
    if (!ended.aborted) await once(ended, 'abort');
    logger.info({ signal: shutdown.receivedSignal() }, 'stopping');
    await server.close(shutdown.abort);
    logger.info('stopped');
    // Whoever looks after it starts it again.
    server.failed.throwIfAborted();
  }
}
