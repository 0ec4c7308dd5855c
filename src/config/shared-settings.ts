/** Settings that the worker and the server share. See worker-settings and server-settings. */
import { logLevels, type LogLevel } from '../logger.ts';
import { filePath, oneOf, setting, type Setting } from './setting.ts';

export const sharedSettings = {
  dataDir: setting<string | undefined>({
    env: 'STT_DATA_DIR',
    help: 'Where engines, models, the outbox and the task database live.',
    parse: filePath,
    fallback: undefined,
    fallbackText: '`~/.local/share/stt` (the data folder of the platform); for root `/var/lib/stt`',
    example: '/var/lib/stt',
  }),
  logLevel: setting<LogLevel>({
    env: 'STT_LOG_LEVEL',
    help: `How much is logged: ${logLevels.join(', ')}.`,
    parse: oneOf(logLevels),
    fallback: 'info',
  }),
} satisfies Record<string, Setting<unknown>>;
