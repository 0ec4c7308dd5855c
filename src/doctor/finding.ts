/**
 * What a check comes to: `ok`; `warn`, the worker runs all the same; `fail`, it would not; or `skipped`, nobody looked. What other
 * checks go on with is its value. Pure.
 */
import { AppError, messageOf } from '../app-error.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';

/** In the order in which they are shown. */
export const checkNames = [
  'program',
  'settings',
  'ffmpeg',
  'engine',
  'model',
  'vad',
  'sample',
  'gpu',
  'memory',
  'disk',
  'server',
  'credentials',
  'clock',
  'schedule',
  'outbox',
  'worker',
  'service',
] as const;
export type CheckName = (typeof checkNames)[number];

export const statuses = ['ok', 'warn', 'fail', 'skipped'] as const;
export type Status = (typeof statuses)[number];

export type Usable<T> = { status: 'ok' | 'warn'; found: string; fix?: string; value: T };
type Failed = { status: 'fail'; found: string; fix?: string; code: string; exitCode: ExitCode };
type Skipped = { status: 'skipped'; found: string };

export type Checked<T = undefined> = Usable<T> | Failed | Skipped;

/** As people and scripts get it. */
export type Finding = {
  check: CheckName;
  status: Status;
  /** What was found, for people. */
  found: string;
  /** What to do about it. */
  fix?: string;
  /** Stable, where it failed: `STT_MODEL_MISSING`. */
  code?: string;
  /** With which `stt run` would end, or as good as. */
  exitCode?: ExitCode;
  seconds: number;
};

export const ok = <T>(found: string, value: T): Usable<T> => ({ status: 'ok', found, value });

export const warn = <T>(found: string, fix: string, value: T): Usable<T> => ({ status: 'warn', found, fix, value });

export const fail = (found: string, fix: string, code: `STT_${string}`, exitCode: ExitCode): Failed => ({
  status: 'fail',
  found,
  fix,
  code,
  exitCode,
});

export const skipped = (found: string): Skipped => ({ status: 'skipped', found });

/** What `stt run` would say to it. */
export function failedWith(error: unknown): Failed {
  if (error instanceof AppError) {
    const { message: found, hint, code, exitCode } = error;
    return { status: 'fail', found, ...(hint === undefined ? {} : { fix: hint }), code, exitCode };
  }
  const fix = 'This is a bug in stt doctor; please report it.';
  return { status: 'fail', found: messageOf(error), fix, code: 'STT_BUG', exitCode: exitCodes.software };
}

/** What a person must mend comes before what may pass by itself. */
const severity: readonly ExitCode[] = [
  exitCodes.software,
  exitCodes.config,
  exitCodes.noPermission,
  exitCodes.noInput,
  exitCodes.ioError,
  exitCodes.data,
  exitCodes.unavailable,
  exitCodes.temporary,
];

/** 0 where nothing failed. */
export function worstExitCode(findings: readonly Finding[]): ExitCode {
  const codes = new Set(findings.map(({ exitCode }) => exitCode));
  const failed = findings.some(({ status }) => status === 'fail');
  return severity.find((code) => codes.has(code)) ?? (failed ? exitCodes.software : exitCodes.ok);
}
