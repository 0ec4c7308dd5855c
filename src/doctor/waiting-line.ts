/**
 * What is being looked at, where that takes over two seconds: on a terminal a line that is gone with the next result, in a pipe one now
 * and then. Goes to standard error.
 */
import type { CheckName } from './finding.ts';

export type WaitingLine = Disposable & {
  running: (names: readonly CheckName[]) => void;
  /** 0 to 1. */
  progress: (name: CheckName, fraction: number) => void;
  /** Takes the line away, so that something can be printed. */
  clear: () => void;
};

export type WaitingOutput = {
  isTTY?: boolean | undefined;
  columns?: number | undefined;
  write: (text: string) => unknown;
};

const patienceMs = 2000;
const everyMs = { terminal: 500, pipe: 10_000 };
const eraseLine = '\r\u001B[K';

export function startWaitingLine(output: WaitingOutput = process.stderr): WaitingLine {
  const isTerminal = output.isTTY === true;
  const fractions = new Map<CheckName, number>();
  let names: readonly CheckName[] = [];
  let shownSince = Date.now();
  let isShown = false;
  let toldAt = -Infinity;

  const clear = (): void => {
    if (isShown) output.write(eraseLine);
    isShown = false;
  };
  const show = (): void => {
    const now = Date.now();
    if (names.length === 0 || now - shownSince < patienceMs) return;
    const waited = `${Math.round((now - shownSince) / 1000)} s`;
    const line = `… ${names.map((name) => withPercent(name, fractions.get(name))).join(', ')} (${waited})`;
    if (isTerminal) {
      // What wraps could not be taken away again.
      output.write(`${eraseLine}${line.slice(0, (output.columns || 80) - 1)}`);
      isShown = true;
    } else if (now - toldAt >= everyMs.pipe) {
      toldAt = now;
      output.write(`${line}\n`);
    }
  };
  const timer = setInterval(show, everyMs.terminal);
  return {
    running(now) {
      names = now;
    },
    progress: (name, fraction) => void fractions.set(name, fraction),
    clear() {
      clear();
      shownSince = Date.now();
    },
    [Symbol.dispose]() {
      clearInterval(timer);
      clear();
    },
  };
}

const withPercent = (name: CheckName, fraction: number | undefined): string =>
  fraction === undefined || fraction >= 1 ? name : `${name} ${Math.floor(fraction * 100)} %`;
