/** A long step: a program whose command and whole output go to the log, and that a later set-up can find and end. */
import { type ChildEnd, type ChildOptions, runChild } from '../../run-child.ts';
import { commandLine } from '../../command-line.ts';
import type { BuildLog } from './build-log.ts';

export type LoggedSurroundings = {
  log: BuildLog;
  signal: AbortSignal;
  /** Called with the process group of each program. */
  onStart: (group: number) => void;
};

/** @throws the reason of the signal, when it was aborted. */
export async function runLogged({ log, signal, onStart }: LoggedSurroundings, child: ChildOptions): Promise<ChildEnd> {
  log.write(`$ ${commandLine([child.file, ...child.args])}`);
  const end = await runChild({
    ...child,
    signal,
    onStart,
    onLine: (line, stream) => {
      log.write(line);
      child.onLine?.(line, stream);
    },
  });
  signal.throwIfAborted();
  return end;
}
