/** A program that was built but does not start is found out at once, not by the first recording. */
import { AppError } from '../../app-error.ts';
import { exitCodes } from '../../exit-codes.ts';
import { describeEnd, runChild } from '../../run-child.ts';
import { binary, findBroken } from '../engines/engine-store.ts';

/** @returns what went wrong, or undefined. */
export async function proveItStarts(
  request: { folder: string; log: { file: string }; signal: AbortSignal },
  targets: readonly string[],
): Promise<AppError | undefined> {
  const { folder, log, signal } = request;
  const broken = await findBroken(folder, targets);
  if (broken.length > 0) return engineBroken(log.file, `${broken.join(', ')} may not be executed, or came out empty`);
  try {
    const end = await runChild({ file: binary(folder, 'whisper-cli'), args: ['--help'], signal, timeoutMs: 20_000 });
    signal.throwIfAborted();
    return end.exitCode === 0 ? undefined : engineBroken(log.file, describeEnd(end), end.outputTail);
  } catch (error) {
    if (error instanceof AppError && error.code === 'STT_TOOL_MISSING') return engineBroken(log.file, error.message);
    throw error;
  }
}

function engineBroken(logFile: string, why: string, output = ''): AppError {
  const isBarred = /may not be executed/u.test(why);
  const noexec = `If that disk is mounted noexec, set STT_DATA_DIR to a directory on another one. `;
  return new AppError(`The engine that was built does not start (${why}).\n${output}`.trimEnd(), {
    code: 'STT_ENGINE_BROKEN',
    hint: `${isBarred ? noexec : ''}Run "stt setup --force" to build it again. The build's output: ${logFile}`,
    exitCode: exitCodes.unavailable,
  });
}
