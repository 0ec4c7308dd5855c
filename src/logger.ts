/**
 * Structured logs: JSON lines on standard output, readable lines on a terminal and in the journal of systemd, and, where a directory is
 * given, the same JSON in one file a day (`YYYY-MM-DD.log`, local date). Secrets never get here (see `Secret` in config);
 * what looks like one all the same is hidden.
 */
import { mkdirSync, writeSync } from 'node:fs';
import { type DestinationStream, type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import { AppError, messageOf } from './app-error.ts';
import { dailyLogFile } from './daily-log-file.ts';
import { exitCodes } from './exit-codes.ts';
import { hideSecrets } from './hide-secrets.ts';
import { isJournal, journalLine, journalText, priorities } from './journal.ts';
import { logContextNow } from './log-context.ts';

export type { Logger } from 'pino';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export type LoggerOptions = {
  level: LogLevel;
  /** Also append to `directory/YYYY-MM-DD.log`. */
  directory?: string | undefined;
  /** `stderr` where standard output carries a command's own output. */
  to?: 'stdout' | 'stderr';
  /** JOURNAL_STREAM, as systemd gave it to this process. */
  journal?: string | undefined;
};

/** So much waits in memory while standard output takes nothing; what comes then is lost. */
const longestBacklogBytes = 1024 * 1024;
/** Of waiting for standard output, 100 ms each: a reader that is slow gets every line, one that sleeps does not stop the program. */
const waits = { most: 3, inMs: 10_000 };

function standardOutput(descriptor: number): DestinationStream {
  const retryEAGAIN = shortPatience();
  const stream = pino.destination({ fd: descriptor, sync: true, maxLength: longestBacklogBytes, retryEAGAIN });
  // A file on a full disk, a pipe that nobody reads, or a reader that left: no reason to end the program.
  stream.on('error', () => {});
  return stream;
}

/** What could not be written is tried again with the next line. */
function shortPatience(): () => boolean {
  let since = Number.NEGATIVE_INFINITY;
  let waited = 0;
  return () => {
    const now = performance.now();
    if (now - since > waits.inMs) [since, waited] = [now, 0];
    waited += 1;
    return waited <= waits.most;
  };
}

/** One line to all, without what looks like a secret. */
const guarded = (streams: readonly DestinationStream[]): DestinationStream => ({
  write(line) {
    const shown = hideSecrets(line);
    for (const stream of streams) stream.write(shown);
  },
});

function toStandardError(text: string, journal: string | undefined): void {
  try {
    writeSync(2, `${isJournal(2, journal) ? journalText(`stt: ${text}`, priorities.warning) : `stt: ${text}`}\n`);
  } catch {
    // Nobody is left to be told.
  }
}

function screen({ to, journal }: LoggerOptions): DestinationStream {
  const output = to === 'stderr' ? process.stderr : process.stdout;
  const descriptor = to === 'stderr' ? 2 : 1;
  if (output.isTTY) {
    return pretty({ destination: descriptor, sync: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss' });
  }
  const stream = standardOutput(descriptor);
  return isJournal(descriptor, journal) ? { write: (line) => stream.write(`${journalLine(line)}\n`) } : stream;
}

export function createLogger(options: LoggerOptions): Logger {
  const onScreen = screen(options);
  if (options.directory === undefined) return pino({ level: options.level, mixin: logContextNow }, guarded([onScreen]));

  try {
    mkdirSync(options.directory, { recursive: true });
  } catch (error) {
    throw new AppError(`The log directory ${options.directory} cannot be made: ${messageOf(error)}.`, {
      code: 'STT_LOG_DIR',
      hint: 'Set LOG_DIR to a directory that this user may write, or unset it.',
      exitCode: exitCodes.config,
      cause: error,
    });
  }
  const file = dailyLogFile(
    options.directory,
    () => new Date(),
    (text) => toStandardError(text, options.journal),
  );
  return pino({ level: options.level, mixin: logContextNow }, guarded([onScreen, file]));
}
