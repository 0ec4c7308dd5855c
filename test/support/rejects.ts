/** uvu's `assert.throws` does not understand promises; this does. */
import * as assert from 'uvu/assert';

/** Asserts that `promise` rejects with an error whose message matches, and returns that error. */
export async function rejects(promise: Promise<unknown>, message: RegExp): Promise<Error & Record<string, unknown>> {
  try {
    await promise;
  } catch (error) {
    assert.instance(error, Error);
    assert.match((error as Error).message, message);
    return error as Error & Record<string, unknown>;
  }
  throw new Error(`expected a rejection matching ${message}`);
}
