import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { addSample, bytesPerSecond, progressText, type Sample } from './download-progress.ts';

const run = suite('download progress');

/** Samples at these seconds and megabytes. */
const samplesOf = (...pairs: [number, number][]): Sample[] => {
  let samples: Sample[] = [];
  for (const [seconds, megabytes] of pairs) {
    samples = addSample(samples, { atMs: seconds * 1000, receivedBytes: megabytes * 1e6 });
  }
  return samples;
};

run('tells the amount at once, and the rate once there is one', () => {
  assert.is(progressText([], 100e6), '0.0 of 100.0 MB');
  assert.is(progressText(samplesOf([0, 10]), 100e6), '10.0 of 100.0 MB');
  assert.is(progressText(samplesOf([0, 10], [0.5, 20]), 100e6), '10.0 of 100.0 MB'.replace('10.0', '20.0'));
  assert.is(progressText(samplesOf([0, 10], [2, 30]), 100e6), '30.0 of 100.0 MB, 10.0 MB/s, 7 s left');
  assert.is(progressText(samplesOf([0, 10], [2, 30]), undefined), '30.0 MB, 10.0 MB/s');
});

run('what an earlier run brought is no rate', () => {
  assert.is(bytesPerSecond(samplesOf([0, 900], [1, 901])), 1e6);
});

run('begins again where the download does', () => {
  assert.is(bytesPerSecond(samplesOf([0, 900], [1, 901], [2, 1])), undefined);
  assert.is(bytesPerSecond(samplesOf([0, 900], [1, 901], [2, 1], [4, 5])), 2e6);
});

run('follows the line as it is now, a long silence included', () => {
  assert.is(bytesPerSecond(samplesOf([0, 0], [1, 100], [21, 102])), 0.1e6);
  assert.is(bytesPerSecond(samplesOf([0, 0], [1, 100], [21, 102], [22, 105])), 3e6);
  assert.is(progressText(samplesOf([0, 1], [2, 1]), 100e6), '1.0 of 100.0 MB');
});

run('says hours, minutes, and when it makes no sense to say', () => {
  const after = (totalBytes: number): string =>
    progressText(samplesOf([0, 0], [1, 1]), totalBytes)
      .split(', ')
      .at(-1) ?? '';
  assert.is(after(1e6), '0 s left');
  assert.is(after(61e6), '1 min 0 s left');
  assert.is(after(3601e6), '1 h 0 min left');
  assert.is(after(1e12), 'more than a day left');
});

run('keeps few samples, and never a negative rate, however they come', () => {
  const sample = fc.record({ afterMs: fc.integer({ min: 0, max: 20_000 }), bytes: fc.integer({ min: 0, max: 1e9 }) });
  fc.assert(
    fc.property(fc.array(sample, { maxLength: 200 }), (given) => {
      let atMs = 0;
      let samples: Sample[] = [];
      for (const { afterMs, bytes } of given) {
        atMs += afterMs;
        samples = addSample(samples, { atMs, receivedBytes: bytes });
      }
      assert.ok((bytesPerSecond(samples) ?? 0) >= 0);
      assert.is(samples.at(-1)?.receivedBytes, given.at(-1)?.bytes);
      assert.not.match(progressText(samples, 1e9), /NaN|Infinity|-\d/u);
    }),
  );
  let samples: Sample[] = [];
  for (let atMs = 0; atMs < 60_000; atMs += 1) samples = addSample(samples, { atMs, receivedBytes: atMs });
  assert.ok(samples.length < 100, String(samples.length));
  assert.ok(Math.abs((bytesPerSecond(samples) ?? 0) - 1000) < 1);
});

run.run();
