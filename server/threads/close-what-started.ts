/** Parts that start side by side: where one cannot, those that could are closed again. */

/**
 * @param opened closes the part with all others, the last one first, once it has started.
 * @returns the same promise.
 */
export function closeWhatStarted<T>(
  opened: AsyncDisposableStack,
  starting: Promise<T>,
  close: (part: T) => Promise<void>,
): Promise<T> {
  const started = starting.then((part) => ({ part })).catch(() => undefined);
  opened.defer(async () => {
    const outcome = await started;
    if (outcome !== undefined) await close(outcome.part);
  });
  return starting;
}
