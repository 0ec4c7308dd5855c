/** What a person is told where a service is refused. */
import * as assert from 'uvu/assert';
import { rejects } from '../../../test/support/rejects.ts';
import { AppError } from '../../app-error.ts';

/** @returns the error, once its message, code and exit code are right. */
export async function refused(
  promise: Promise<unknown>,
  message: RegExp,
  code: string,
  exitCode: number,
): Promise<AppError> {
  const error = await rejects(promise, message);
  assert.instance(error, AppError);
  assert.equal([error['code'], error['exitCode']], [code, exitCode], error.message);
  return error as unknown as AppError;
}
