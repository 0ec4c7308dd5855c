/**
 * Runs checks side by side, each as soon as those it needs are through, and hands out what they found in the order in which they were
 * begun. A check whose need has failed, or was skipped, is skipped. It knows nothing of what is checked.
 */
import { hideSecrets } from '../hide-secrets.ts';
import { type Checked, type CheckName, failedWith, type Finding, skipped } from './finding.ts';

/** A check under way, or through. */
export type Visit<T> = {
  name: CheckName;
  /** Rejects with the signal's reason only. */
  outcome: Promise<Checked<T>>;
};

type Values<Needs extends readonly Visit<unknown>[]> = {
  [Key in keyof Needs]: Needs[Key] extends Visit<infer T> ? T : never;
};

export type CheckRound = {
  /** @param work gets the values of the needs, in their order. What it throws is a check that failed. */
  begin: <const Needs extends readonly Visit<unknown>[], T>(
    name: CheckName,
    needs: Needs,
    work: (...values: Values<Needs>) => Promise<Checked<T>> | Checked<T>,
  ) => Visit<T>;
  /** Resolves when all are through. @throws the signal's reason when it aborts; nothing runs any more then. */
  finish: (onFinding: (finding: Finding) => void) => Promise<Finding[]>;
};

export type CheckRoundOptions = {
  signal: AbortSignal;
  /** Which checks are at work, with every change. */
  onRunning?: (names: readonly CheckName[]) => void;
};

export function startCheckRound({ signal, onRunning }: CheckRoundOptions): CheckRound {
  const findings: Promise<Finding>[] = [];
  const running = new Set<CheckName>();
  const tell = (): void => onRunning?.([...running]);

  const look = async <T>(name: CheckName, work: () => Promise<Checked<T>> | Checked<T>): Promise<Checked<T>> => {
    running.add(name);
    tell();
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      return failedWith(error);
    } finally {
      running.delete(name);
      tell();
    }
  };

  return {
    begin(name, needs, work) {
      let seconds = 0;
      const examine = async () => {
        const values: unknown[] = [];
        for (const need of needs) {
          const outcome = await need.outcome;
          if (!('value' in outcome)) return skipped(reasonToSkip(need.name, outcome.status));
          values.push(outcome.value);
        }
        signal.throwIfAborted();
        const startedAt = performance.now();
        // Each value comes from the need in its place.
        const outcome = await look(name, () => work(...(values as Values<typeof needs>)));
        seconds = (performance.now() - startedAt) / 1000;
        return outcome;
      };
      const outcome = examine();
      const finding = outcome.then((checked) => findingOf(name, checked, seconds));
      // It may reject before anybody waits for it.
      finding.catch(() => {});
      findings.push(finding);
      return { name, outcome };
    },

    async finish(onFinding) {
      const all: Finding[] = [];
      try {
        for (const found of findings) {
          const finding = await found;
          all.push(finding);
          onFinding(finding);
        }
      } finally {
        // What was started ends with us.
        await Promise.allSettled(findings);
      }
      signal.throwIfAborted();
      return all;
    },
  };
}

const reasonToSkip = (need: CheckName, status: Checked['status']): string =>
  status === 'skipped' ? `"${need}" was skipped` : `"${need}" failed`;

/** Whatever a check cites, no secret leaves here. */
function findingOf(check: CheckName, checked: Checked<unknown>, seconds: number): Finding {
  const { status, found } = checked;
  const fix = 'fix' in checked ? checked.fix : undefined;
  return {
    check,
    status,
    found: hideSecrets(found),
    ...(fix === undefined ? {} : { fix: hideSecrets(fix) }),
    ...(checked.status === 'fail' ? { code: checked.code, exitCode: checked.exitCode } : {}),
    seconds: Math.round(seconds * 1000) / 1000,
  };
}
