/**
 * The one error class a person is meant to read: what was wrong, what to do, and which exit code ends the command.
 * Bugs stay ordinary errors. Expected outcomes are return values, never this.
 */
import { exitCodes, type ExitCode } from './exit-codes.ts';

export type AppErrorOptions = {
  /** Stable, for machines and the troubleshooting table: `STT_MODEL_MISSING`. */
  code: `STT_${string}`;
  /** One sentence in the imperative: what the reader should do now. */
  hint?: string;
  /** sysexits(3); default 70, a bug. */
  exitCode?: ExitCode;
  cause?: unknown;
};

export class AppError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly exitCode: ExitCode;

  constructor(message: string, options: AppErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = options.code;
    this.hint = options.hint;
    this.exitCode = options.exitCode ?? exitCodes.software;
  }
}

/** The text of anything thrown, in one line, for logs and reports. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}

/** The `code` of a Node.js system error (`ENOENT`), or undefined. */
export function systemErrorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
