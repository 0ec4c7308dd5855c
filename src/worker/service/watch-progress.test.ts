import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { longestAudioSeconds } from '../../audio/ffmpeg-arguments.ts';
import { engineDeadlineMs } from '../../engine/whisper-cli.ts';
import type { TaskEndEvent, TaskProgressEvent, WorkerEvent } from '../worker-event.ts';
import { longestSilenceMs, type ProgressWatch, watchProgress } from './watch-progress.ts';

const progress = suite('watchProgress');

const task = 'abcdefghij';
const late = longestSilenceMs + 1;

const started: WorkerEvent = {
  event: 'started',
  worker: 'w',
  server: 's',
  model: 'm',
  engine: 'e',
  slots: 1,
  threads: 1,
  vad: false,
  demoModel: false,
};
const claimed = (id = task): WorkerEvent => ({ event: 'claimed', task: id, language: 'en' });
const running: TaskProgressEvent = {
  event: 'progress',
  task,
  slot: 1,
  audioSeconds: 3600,
  phase: 'transcribe',
  progress: 0.5,
};
const ready = (id = task): WorkerEvent => ({ event: 'progress', task: id, phase: 'decode', progress: 1 });

function heard(...events: readonly [WorkerEvent, number][]): ProgressWatch {
  const watch = watchProgress();
  watch.hear(started, 0);
  for (const [event, at] of events) watch.hear(event, at);
  return watch;
}

progress('a worker without tasks may be silent for ever', () => {
  assert.is(heard().stuck(1e12, true), undefined);
  assert.is(heard().stuck(1e12, false), undefined);
});

progress('a task that tells nothing for an hour hangs, where no program works on it', () => {
  const phases: WorkerEvent[] = [
    claimed(),
    { event: 'progress', task, phase: 'download', progress: 1 },
    { event: 'progress', task, slot: 1, phase: 'deliver', progress: 0 },
  ];
  for (const event of phases) {
    const watch = heard([event, 1000]);
    assert.is(watch.stuck(1000 + longestSilenceMs, true), undefined);
    assert.is(watch.stuck(1000 + late, true), 'task abcdefgh has told nothing for 1 h');
    // Also while it may take no others.
    assert.is(watch.stuck(1000 + late, false), 'task abcdefgh has told nothing for 1 h');
  }
});

progress('an engine may be silent as long as it may work, and an hour', () => {
  const limitMs = engineDeadlineMs(3600) + longestSilenceMs;
  for (const event of [running, { ...running, progress: 0 }]) {
    const watch = heard([event, 1000]);
    assert.is(watch.stuck(1000 + limitMs, true), undefined);
    assert.is(watch.stuck(1001 + limitMs, true), 'task abcdefgh has told nothing for 41 h');
  }
});

progress('ffmpeg may be silent as long as it may decode: not every recording says how long it is', () => {
  const decoding: WorkerEvent = { event: 'progress', task, phase: 'decode', progress: 0 };
  const limitMs = (longestAudioSeconds / 2) * 1000 + longestSilenceMs;
  assert.is(heard([decoding, 0]).stuck(limitMs, true), undefined);
  assert.is(heard([decoding, 0]).stuck(limitMs + 1, true), 'task abcdefgh has told nothing for 19 h');
});

progress('whatever it tells is progress, and nobody else tells for it', () => {
  const downloading: WorkerEvent = { event: 'progress', task, phase: 'download', progress: 0.5 };
  const watch = heard([downloading, 0], [downloading, longestSilenceMs]);
  watch.hear(claimed('other'), late);
  watch.hear({ event: 'warning', message: 'x' }, late);
  assert.is(watch.stuck(late, true), undefined);
  assert.is(watch.stuck(longestSilenceMs + late, true), 'task abcdefgh has told nothing for 1 h');
});

progress('one that has ended is not waited for', () => {
  const about = { task, language: 'en', takenSeconds: 1 };
  const ends: TaskEndEvent[] = [
    { event: 'transcribed', ...about, outcome: 'ok', delivery: 'waiting', audioSeconds: 1, engineSeconds: 1 },
    { event: 'failed', ...about, phase: 'decode', fault: 'recording', reason: 'x' },
    { event: 'lease_lost', ...about, reason: 'x' },
    { event: 'handed_back', ...about, accepted: true, reason: 'x' },
  ];
  for (const end of ends) assert.is(heard([claimed(), 0], [end, 1]).stuck(1e12, true), undefined);
});

progress('one that is ready waits for a slot as long as it takes', () => {
  const hours = Array.from({ length: 5 }, (_, hour): [WorkerEvent, number] => [running, hour * longestSilenceMs]);
  const watch = heard([ready('other'), 0], ...hours);
  assert.is(watch.stuck(5 * longestSilenceMs, true), undefined);
});

progress('one that is ready, and no slot takes it, hangs; not while the worker is closed', () => {
  const watch = heard([ready(), 0]);
  assert.is(watch.stuck(late, true), 'no slot takes the task that is ready');
  assert.is(watch.stuck(late, false), undefined);
  // From when it was opened.
  assert.is(watch.stuck(late + longestSilenceMs, true), undefined);
  assert.is(watch.stuck(late + late, true), 'no slot takes the task that is ready');
});

progress.run();
