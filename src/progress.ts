/**
 * Progress of anything that takes over two seconds: a bar on a terminal, a line every ten percent in a pipe. Goes to standard
 * error, so that standard output stays the command's own.
 */
import { MultiBar, Presets, SingleBar } from 'cli-progress';

/** Disposing ends the bar and leaves it on the screen. */
export type ProgressBar = Disposable & {
  /** `fraction` is 0 to 1; `note` says what is being done. */
  update: (fraction: number, note?: string) => void;
};

export function startProgress(title: string): ProgressBar {
  return process.stderr.isTTY ? terminalBar(title) : lineProgress(title);
}

function terminalBar(title: string): ProgressBar {
  const bar = new SingleBar(
    {
      format: `${title} {bar} {percentage}%  {duration_formatted}  {note}`,
      stream: process.stderr,
      clearOnComplete: false,
    },
    Presets.shades_classic,
  );
  bar.start(100, 0, { note: '' });
  return {
    update: (fraction, note) => bar.update(Math.floor(fraction * 100), note === undefined ? {} : { note }),
    [Symbol.dispose]: () => bar.stop(),
  };
}

function lineProgress(title: string): ProgressBar {
  let shown = -1;
  return {
    update(fraction) {
      const tens = Math.floor(fraction * 10) * 10;
      if (tens <= shown) return;
      shown = tens;
      process.stderr.write(`${title} ${tens}%\n`);
    },
    [Symbol.dispose]: () => {},
  };
}

export type LiveLines = Disposable & {
  /** `line` counts from 0, `fraction` is 0 to 1. */
  show: (line: number, fraction: number, note: string) => void;
  /** A line of text that stays, above the live ones. */
  print: (text: string) => void;
};

/** For a terminal only: `count` lines at the bottom, each with a bar, gone when disposed. */
export function startLiveLines(count: number): LiveLines {
  // What is cut on a narrow terminal is the bar, not what it says.
  const format = '{percentage}%  {note}  {bar}';
  // With linewrap, text that is printed may be longer than the terminal is wide; the bars themselves are cut.
  const options = {
    format,
    barsize: 16,
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
    linewrap: true,
  };
  const bars = new MultiBar(options, Presets.shades_classic);
  const lines = Array.from({ length: count }, () => bars.create(100, 0, { note: 'waiting' }));
  return {
    show: (line, fraction, note) => lines[line]?.update(Math.floor(fraction * 100), { note }),
    print: (text) => bars.log(`${text}\n`),
    [Symbol.dispose]() {
      // What was printed since the last redraw would be lost.
      bars.update();
      bars.stop();
    },
  };
}
