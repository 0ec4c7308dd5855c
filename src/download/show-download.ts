/** A download on the screen: a bar with the amount, the rate and the time left; none before the first bytes come. */
import type { Clock } from '../clock.ts';
import { type ProgressBar, startProgress } from '../progress.ts';
import { addSample, progressText, type Sample } from './download-progress.ts';

export type ShownDownload = Disposable & {
  onProgress: (receivedBytes: number, totalBytes: number | undefined) => void;
  /** While the whole file is read once more to see that it is the right one. */
  onVerify: (readBytes: number, totalBytes: number) => void;
};

export function showDownload(title: string, clock: Pick<Clock, 'now'>): ShownDownload {
  let bar: ProgressBar | undefined;
  let samples: Sample[] = [];
  return {
    onProgress(receivedBytes, totalBytes) {
      bar ??= startProgress(title);
      samples = addSample(samples, { atMs: clock.now(), receivedBytes });
      const fraction = totalBytes === undefined || totalBytes === 0 ? 0 : receivedBytes / totalBytes;
      bar.update(fraction, progressText(samples, totalBytes));
    },
    onVerify(readBytes, totalBytes) {
      // Only where there is a bar: a small file that is there already is read in no time.
      bar?.update(1, `verifying, ${Math.floor((readBytes / totalBytes) * 100)}%`);
    },
    [Symbol.dispose]: () => bar?.[Symbol.dispose](),
  };
}
