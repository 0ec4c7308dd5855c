import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Cue } from '../../protocol/web-vtt.ts';
import { endsEarly, goesOnAfterEnd, goesOnInSilence } from './beside-the-sound.ts';

const run = suite('beside the sound');

/** A cue of two seconds at each time. */
const cuesAt = (...starts: number[]): Cue[] =>
  starts.map((startSeconds) => ({ startSeconds, endSeconds: startSeconds + 2, text: 'well' }));

run('finds an end long before that of the sound: a minute, or a fifth of the whole', () => {
  const until = (seconds: number, soundUntilSeconds: number | undefined) => ({ seconds, soundUntilSeconds });
  assert.ok(endsEarly(cuesAt(0, 100), until(200, 163)));
  assert.not(endsEarly(cuesAt(0, 100), until(200, 162)));
  assert.ok(endsEarly(cuesAt(0, 2800), until(3600, 3600)));
  assert.not(endsEarly(cuesAt(0, 2900), until(3600, 3600)));
  // Half an hour of silence at the end is no reason for words.
  assert.not(endsEarly(cuesAt(0, 1700), until(3600, 1750)));
  assert.not(endsEarly(cuesAt(0), until(3600, undefined)));
  assert.not(endsEarly([], until(3600, 3600)));
});

run('finds words long after the last sound', () => {
  const after = (soundUntilSeconds: number | undefined) => ({ seconds: 1000, soundUntilSeconds });
  assert.ok(goesOnInSilence(cuesAt(10, 200, 300, 400), after(100)));
  assert.not(goesOnInSilence(cuesAt(10, 200, 300), after(100)));
  assert.not(goesOnInSilence(cuesAt(10, 110, 120, 130), after(100)));
  assert.not(goesOnInSilence(cuesAt(10, 200, 300, 400), after(undefined)));
  assert.ok(goesOnInSilence(cuesAt(10), after(0)));
  assert.not(goesOnInSilence([], after(0)));
});

run('finds what begins when the recording is over', () => {
  const audio = { seconds: 30, soundUntilSeconds: undefined };
  assert.ok(goesOnAfterEnd(cuesAt(10, 30), audio));
  // Whisper rounds the end of the last cue up.
  assert.not(goesOnAfterEnd(cuesAt(10, 29.9), audio));
});

run.run();
