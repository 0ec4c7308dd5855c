/** What `work` throws: uvu's `assert.throws` does not hand it over. */
import { AppError } from '../../src/app-error.ts';

export function thrown(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('expected an error');
}

export function thrownAppError(work: () => unknown): AppError {
  const error = thrown(work);
  if (error instanceof AppError) return error;
  throw error;
}
