import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeLimits } from './decode-limits.ts';
import { longestAudioSeconds } from './ffmpeg-arguments.ts';

const run = suite('decodeLimits');

const anHour = 3600;

run('allows twice what a file claims, and what its size can hold where it claims less', () => {
  assert.is(decodeLimits({ durationSeconds: anHour, durationSource: 'audio' }, 1).seconds, 2 * anHour + 600);
  // Twenty-four files of an hour and 16 kbit/s, joined: only the first is claimed.
  const joined = decodeLimits({ durationSeconds: anHour, durationSource: 'audio' }, 24 * anHour * 2000);
  assert.is(joined.seconds, longestAudioSeconds);
  assert.is(decodeLimits({ durationSeconds: undefined, durationSource: 'audio' }, 125_000).seconds, 1600);
});

run('expects the room that a believable claim takes, and no more than the size can hold', () => {
  assert.is(decodeLimits({ durationSeconds: 60, durationSource: 'exact' }, 500_000).expectedBytes, 60 * 32_000);
  assert.is(decodeLimits({ durationSeconds: 60, durationSource: 'estimate' }, 500_000).expectedBytes, 0);
  assert.is(decodeLimits({ durationSeconds: undefined, durationSource: 'audio' }, 500_000).expectedBytes, 0);
  // 35 h in a kilobyte: this machine is not to be blamed for having no room for that.
  assert.ok(decodeLimits({ durationSeconds: 35 * anHour, durationSource: 'audio' }, 1000).expectedBytes < 20_000_000);
});

run('is bounded whatever a file claims, and never less than what it claims', () => {
  fc.assert(
    fc.property(
      fc.option(fc.double({ min: 0, max: longestAudioSeconds, noNaN: true }), { nil: undefined }),
      fc.constantFrom('exact', 'audio', 'estimate', 'file'),
      fc.nat({ max: 2 ** 40 }),
      (durationSeconds, durationSource, sizeBytes) => {
        const limits = decodeLimits({ durationSeconds, durationSource }, sizeBytes);
        assert.ok(limits.seconds >= Math.min(longestAudioSeconds, durationSeconds ?? 600));
        assert.ok(limits.seconds <= longestAudioSeconds);
        assert.ok(limits.fileBytes > limits.seconds * 32_000 + 44);
        assert.ok(limits.fileBytes < 2 ** 32);
        assert.ok(limits.timeoutMs >= 60_000 && limits.timeoutMs <= (longestAudioSeconds / 2) * 1000);
        assert.ok(limits.expectedBytes <= limits.fileBytes);
      },
    ),
  );
});

run.run();
