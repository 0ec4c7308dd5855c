/**
 * Structured logs: JSON lines on standard output, readable lines on a terminal, and, where a directory is given, the same JSON in
 * one file a day (`YYYY-MM-DD.log`, local date). Secrets never get here: see `Secret` in config.
 */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import path from 'node:path';
import { type DestinationStream, type Logger, multistream, pino } from 'pino';
import pretty from 'pino-pretty';
import { AppError, messageOf } from './app-error.ts';
import { exitCodes } from './exit-codes.ts';

export type { Logger } from 'pino';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export type LoggerOptions = {
  level: LogLevel;
  /** Also append to `directory/YYYY-MM-DD.log`. */
  directory?: string | undefined;
  /** `stderr` where standard output carries a command's own output. */
  to?: 'stdout' | 'stderr';
};

/** `2026-11-22` in local time, as the ancestor names its files. */
export function dailyLogName(now: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}.log`;
}

/** Appends to the file of the day. A disk that is full must not end the program: such lines are lost, stdout has them. */
function dailyFile(directory: string): DestinationStream {
  let name = '';
  let descriptor: number | undefined;
  return {
    write(line: string) {
      try {
        const today = dailyLogName(new Date());
        if (descriptor === undefined || today !== name) {
          if (descriptor !== undefined) closeSync(descriptor);
          descriptor = openSync(path.join(directory, today), 'a', 0o640);
          name = today;
        }
        writeSync(descriptor, line);
      } catch (error) {
        process.stderr.write(`stt: cannot write the log in ${directory}: ${messageOf(error)}\n`);
      }
    },
  };
}

export function createLogger(options: LoggerOptions): Logger {
  const output = options.to === 'stderr' ? process.stderr : process.stdout;
  const descriptor = options.to === 'stderr' ? 2 : 1;
  const onScreen: DestinationStream = output.isTTY
    ? pretty({ destination: descriptor, sync: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss' })
    : pino.destination({ fd: descriptor, sync: true });
  const streams = [{ level: options.level === 'silent' ? 'fatal' : options.level, stream: onScreen }] as const;
  if (options.directory === undefined) return pino({ level: options.level }, onScreen);

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
  const toFile = { level: streams[0].level, stream: dailyFile(options.directory) };
  return pino({ level: options.level }, multistream([streams[0], toFile]));
}
