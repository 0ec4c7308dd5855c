import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type TemporaryFolder, temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { retryRefused } from './retry-refused.ts';
import { desk, errorReport, lettersIn, never, transcript } from './testing/outbox-desk.ts';

const run = suite('retryRefused');

const counts = async (folder: TemporaryFolder): Promise<number[]> => [
  (await lettersIn(folder.path)).length,
  (await lettersIn(folder.join('refused'))).length,
];

run('gives what was refused another chance; what is refused again goes back, once', async () => {
  await using folder = await temporaryFolder();
  const { outbox, answerWith, sent } = await desk(folder);
  answerWith({ kind: 'refused', reason: 'HTTP 409: first' });
  await outbox.post(transcript, never);
  await outbox.post(errorReport, never);
  for (const reason of ['HTTP 409: second', 'HTTP 409: third']) {
    assert.equal(await retryRefused(folder.path), { retried: 2, garbage: 0 });
    assert.equal(await counts(folder), [2, 0]);
    answerWith({ kind: 'refused', reason });
    assert.is((await outbox.deliverAll(never)).refused, 2);
    assert.equal(await counts(folder), [0, 2]);
    const [name = ''] = await lettersIn(folder.join('refused'));
    assert.is((JSON.parse(await readFile(folder.join('refused', name), 'utf8')) as { reason: string }).reason, reason);
  }
  await retryRefused(folder.path);
  answerWith({ kind: 'accepted' });
  assert.is((await outbox.deliverAll(never)).delivered, 2);
  assert.equal(
    [await counts(folder), sent.slice(-2)],
    [
      [0, 0],
      [transcript.message, errorReport.message],
    ],
  );
});

run('leaves what is no letter, and has nothing to do where there is nothing', async () => {
  await using folder = await temporaryFolder();
  assert.equal(await retryRefused(folder.path), { retried: 0, garbage: 0 });
  await mkdir(folder.join('refused', '000000000000001-ab.x-1-1.json'), { recursive: true });
  await writeFile(folder.join('refused', '000000000000002-ab.x-1-1.json'), '{"reason":"not a letter","text":"{"}');
  await writeFile(folder.join('refused', 'notes.txt'), '');
  assert.equal(await retryRefused(folder.path), { retried: 0, garbage: 1 });
  assert.equal(await counts(folder), [0, 2]);
});

run.run();
