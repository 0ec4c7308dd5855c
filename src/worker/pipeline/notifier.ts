/** Wakes those who wait for something to change; they look again themselves. */
export type Notifier = {
  notify: () => void;
  /** Resolves at the next change, or when the signal aborts. */
  next: (signal: AbortSignal) => Promise<void>;
};

export function createNotifier(): Notifier {
  const waiting = new Set<() => void>();
  return {
    notify() {
      for (const wake of waiting) wake();
    },
    next(signal) {
      return new Promise((resolve) => {
        const wake = (): void => {
          waiting.delete(wake);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        waiting.add(wake);
        signal.addEventListener('abort', wake);
        if (signal.aborted) wake();
      });
    },
  };
}
