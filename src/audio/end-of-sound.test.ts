import { writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../../test/support/rejects.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { endOfSound, endOfSoundIn } from './end-of-sound.ts';

const run = suite('endOfSound');

const never = new AbortController().signal;

/** Seconds, and how loud each is: 1 is as loud as can be. */
async function soundUntil(parts: readonly (readonly [seconds: number, loudness: number])[]): Promise<number> {
  await using folder = await temporaryFolder();
  const samples = Int16Array.from(
    parts.flatMap(([seconds, loudness]) =>
      Array.from({ length: Math.round(seconds * 16_000) }, (_, at) => Math.sin(at / 5) * 32_767 * loudness),
    ),
  );
  await writeFile(folder.join('a.wav'), Buffer.concat([Buffer.alloc(44), new Uint8Array(samples.buffer)]));
  return await endOfSound(folder.join('a.wav'), samples.length / 16_000, never);
}

const near = (actual: number, expected: number): void =>
  assert.ok(Math.abs(actual - expected) <= 0.101, `${actual} is not ${expected}`);

run('finds where the silence at the end begins', async () => {
  near(await soundUntil([[4.3, 0.2], [7.5, 0]]), 4.3); // prettier-ignore
  near(await soundUntil([[1, 0], [1, 0.5], [5, 0.5 / 100]]), 2); // prettier-ignore
  near(await soundUntil([[0.3, 0.05], [2.02, 0.001]]), 0.3); // prettier-ignore
});

run('takes a pause at the end for a pause', async () => {
  assert.is(await soundUntil([[4, 0.2], [1.5, 0]]), 5.5); // prettier-ignore
  assert.is(await soundUntil([[3, 0], [4, 0.2]]), 7); // prettier-ignore
  assert.is(await soundUntil([[0.1, 0.2]]), 0.1);
});

run('finds that there is no sound at all', async () => {
  assert.is(await soundUntil([[6, 0]]), 0);
  assert.is(await soundUntil([[6, 0.009]]), 0);
});

run('takes the click of the recorder for none', async () => {
  near(await soundUntil([[3, 0.2], [9, 0], [0.02, 1], [0.5, 0]]), 3); // prettier-ignore
});

run('does not mind the loudest sample of all, which has no positive twin', () => {
  assert.is(endOfSoundIn(new Int16Array(16_000).fill(-32_768)), 1);
  assert.is(endOfSoundIn(new Int16Array(0)), undefined);
});

run('stops when asked', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.join('a.wav'), Buffer.alloc(100_000));
  await rejects(endOfSound(folder.join('a.wav'), 3, AbortSignal.abort(new Error('stop'))), /stop/u);
});

run.run();
