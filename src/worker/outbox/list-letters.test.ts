import { mkdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../../../test/support/rejects.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { processStart } from '../../process-start.ts';
import { ownToken } from '../process-owner.ts';
import { listLetters } from './list-letters.ts';
import { desk, endedRun, errorReport, later, lettersIn, never, transcript } from './testing/outbox-desk.ts';

const run = suite('listLetters');

const both = { waiting: true, refused: true };

run('says what waits, whose it is, and what was refused why', async () => {
  await using folder = await temporaryFolder();
  const { outbox, answerWith } = await desk(folder);
  answerWith({ kind: 'refused', reason: 'HTTP 409: lease lost' });
  await outbox.post(errorReport, never);
  answerWith(later);
  const owners = [
    [ownToken, 'this'],
    // The program that runs these tests.
    [ownToken.replace(/-\d+-\d+$/u, `-${process.ppid}-${processStart(process.ppid)}`), 'running'],
    ['other_host-1-1', 'elsewhere'],
    [endedRun, 'ended'],
  ] as const;
  for (const [owner] of owners) {
    await outbox.post(transcript, never);
    for (const name of await lettersIn(folder.path)) {
      if (!name.startsWith('0000000'))
        await rename(
          folder.join(name),
          folder.join(`00000000000000${owners.findIndex(([o]) => o === owner)}-ab.${owner}.json`),
        );
    }
  }
  const listed = await listLetters(folder.path, both);
  assert.equal(
    listed.map(({ state, owner, reason, letter }) => [state, owner, reason, letter?.kind]),
    [
      ...owners.map(([, state]) => ['waiting', state, undefined, 'result']),
      ['refused', 'this', 'HTTP 409: lease lost', 'error'],
    ],
  );
  assert.equal(listed.map(({ postedAtMs }) => postedAtMs).slice(0, 4), [0, 1, 2, 3]);
  assert.is(listed[0]?.sizeBytes, JSON.stringify(transcript).length);
  assert.is((await listLetters(folder.path, { waiting: true, refused: false })).length, 4);
  assert.is((await listLetters(folder.path, { waiting: false, refused: true })).length, 1);

  // One of another machine that is silent for long counts as ended.
  const old = new Date(Date.now() - 3_600_000);
  await utimes(folder.join('000000000000002-ab.other_host-1-1.json'), old, old);
  assert.is((await listLetters(folder.path, both))[2]?.owner, 'ended');
});

run('shows what is no letter, and changes nothing', async () => {
  await using folder = await temporaryFolder();
  await mkdir(folder.join('000000000000001-ab.x-1-1.json'));
  await writeFile(folder.join('notes.txt'), '');
  await writeFile(folder.join(`.000000000000001-ab.${endedRun}.json.stt-tmp`), '{');
  await writeFile(folder.join(`000000000000001-cd.${endedRun}.json`), '{"kind":');
  const listed = await listLetters(folder.path, both);
  assert.equal(
    listed.map(({ letter, owner }) => [letter, owner]),
    [[undefined, 'ended']],
  );
  assert.is((await lettersIn(folder.path)).length, 2);
});

run('takes a missing outbox for an empty one, and says what else is wrong', async () => {
  await using folder = await temporaryFolder();
  await rm(folder.path, { recursive: true });
  assert.equal(await listLetters(folder.path, both), []);
  await writeFile(folder.path, 'no folder');
  const error = await rejects(listLetters(folder.path, both), /The outbox .* cannot be read: ENOTDIR/u);
  assert.equal([error['code'], error['exitCode']], ['STT_OUTBOX', 74]);
});

run.run();
