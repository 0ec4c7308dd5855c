/** What a person is told about a build that failed: what stood in its way, what it said last, what to do. */
import { AppError } from '../../app-error.ts';
import { exitCodes } from '../../exit-codes.ts';
import { type ChildEnd, describeEnd } from '../../run-child.ts';
import type { OperatingSystem } from '../detect/machine.ts';
import { diagnoseBuild } from '../packages/diagnose-missing.ts';

const shownLines = 15;

/** @param telling Lines of the whole output that may say why. */
export function explainBuildFailure(
  what: 'configured' | 'built',
  end: ChildEnd,
  telling: string,
  { log, os }: { log: { file: string }; os?: OperatingSystem | undefined },
): AppError {
  const output = `${telling}\n${end.outputTail}`;
  const tail = end.outputTail.split('\n').slice(-shownLines).join('\n');
  const diagnosis = diagnoseBuild(output, os);
  const isDiskFull = /no space left on device|disk quota exceeded/iu.test(output);
  const reason = diagnosis === undefined ? '' : ` ${diagnosis.reason}`;
  return new AppError(`whisper.cpp could not be ${what} (${describeEnd(end)}).${reason} The last lines:\n${tail}`, {
    code: 'STT_BUILD_FAILED',
    hint: `${diagnosis === undefined ? '' : `${diagnosis.hint} `}The whole output: ${log.file}`,
    exitCode: isDiskFull ? exitCodes.ioError : exitCodes.unavailable,
  });
}
