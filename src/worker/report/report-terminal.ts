/** Events for a person at a terminal: one live line for each slot and one for what is prepared ahead; what is finished scrolls away above. */
import { type LiveLines, startLiveLines } from '../../progress.ts';
import { clockTime, describeEvent, shortId } from './describe-event.ts';
import type { Report, TaskProgressEvent } from '../worker-event.ts';

export type TerminalReport = Disposable & { report: Report };

const phaseNames = {
  download: 'downloading',
  decode: 'decoding',
  transcribe: 'transcribing',
  deliver: 'delivering',
} as const;

export function createTerminalReport(): TerminalReport {
  let lines: LiveLines | undefined;
  const endLines = (): void => {
    lines?.[Symbol.dispose]();
    lines = undefined;
  };
  const print = (text: string): void => {
    if (lines === undefined) process.stderr.write(`${text}\n`);
    else lines.print(text);
  };
  /** What each line shows; the last one what is prepared ahead of the slots. */
  let shown: (string | undefined)[] = [];
  const show = (line: number, event: TaskProgressEvent): void => {
    shown[line] = event.task;
    lines?.show(line, event.progress, describeProgress(event));
  };
  const clear = (task: string): void => {
    for (const [line, other] of shown.entries()) {
      if (other !== task) continue;
      shown[line] = undefined;
      lines?.show(line, 0, 'waiting');
    }
  };
  const report: Report = (event) => {
    if (event.event === 'progress') {
      if (event.slot === undefined) show(shown.length - 1, event);
      else if (event.phase === 'transcribe') {
        if (shown[event.slot - 1] !== event.task) clear(event.task);
        show(event.slot - 1, event);
      } else clear(event.task);
    }
    if ('takenSeconds' in event) clear(event.task);
    if (event.event === 'summary') endLines();
    // The live line tells of a task that begins, and of none.
    const text = event.event === 'claimed' || event.event === 'idle' ? undefined : describeEvent(event);
    if (text !== undefined) print(text);
    if (event.event === 'started') {
      shown = Array.from({ length: event.slots + 1 }, () => undefined);
      lines = startLiveLines(shown.length);
    }
  };
  return { report, [Symbol.dispose]: endLines };
}

/** Decoded, and waiting for a slot. */
const isReady = ({ slot, phase, progress }: TaskProgressEvent): boolean =>
  slot === undefined && phase === 'decode' && progress === 1;

/** `transcribing 3f2a9c01  12.4 x real time  0:35 left`. */
export function describeProgress(event: TaskProgressEvent): string {
  return [
    `${isReady(event) ? 'ready' : phaseNames[event.phase]} ${shortId(event.task)}`,
    event.speed === undefined ? '' : `${event.speed.toFixed(1)} x real time`,
    event.etaSeconds === undefined ? '' : `${clockTime(event.etaSeconds)} left`,
  ]
    .filter(Boolean)
    .join('  ');
}
