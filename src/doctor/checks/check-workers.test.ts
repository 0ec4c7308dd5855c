import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type RunningProgram, startProgram } from '../../../test/support/programs.ts';
import { type TemporaryFolder, temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { dataPaths } from '../../config/data-paths.ts';
import { packageFolder } from '../../package-folder.ts';
import { lookAtWorkers, type WorkersSeen } from '../../worker/control/look-at-workers.ts';
import { pauseFrom, writePause } from '../../worker/control/pause-file.ts';
import { areBusy, checkOutbox, checkWorkers } from './check-workers.ts';

const run = suite('check workers');

const look = (folder: TemporaryFolder): Promise<WorkersSeen> => lookAtWorkers(dataPaths(folder.path), Date.now());

async function startWorker(folder: TemporaryFolder, habit = ''): Promise<RunningProgram> {
  const file = path.join(packageFolder, 'src/worker/control/testing/controlled-worker.ts');
  const worker = startProgram({ args: [file, folder.path, '0', habit], cwd: folder.path });
  await worker.seen(/"ready"/u);
  return worker;
}

run('says which run here, and which are broken', async () => {
  await using folder = await temporaryFolder();
  const none = await look(folder);
  assert.is(checkWorkers(none).found, 'none runs here');
  assert.not(areBusy(none));
  await using well = await startWorker(folder);
  const seen = await look(folder);
  assert.is(checkWorkers(seen).found, `pid ${well.pid()}: working`);
  assert.ok(areBusy(seen));
  await using _ = await startWorker(folder, 'broken');
  const checked = checkWorkers(await look(folder));
  assert.is(checked.status, 'fail');
  assert.match(checked.found, 'since it is broken: the engine crashed');
  assert.is('exitCode' in checked ? checked.exitCode : 0, 75);
});

run('warns of a pause, and fails for one that does not answer', async () => {
  await using folder = await temporaryFolder();
  await writePause(dataPaths(folder.path).workerPause, pauseFrom({ isAtOnce: false }, Date.now()));
  const seen = await look(folder);
  const paused = checkWorkers(seen);
  assert.is(paused.status, 'warn');
  assert.match(paused.found, 'a pause is in force until "stt resume"');
  const worker = { owner: 'host-12-34', pid: 12, isHere: true, folder: '' };
  const mute = checkWorkers({ ...seen, silent: [{ worker, reason: 'it did not answer within 5 s' }] });
  assert.is('exitCode' in mute ? mute.exitCode : 0, 75);
  assert.match(mute.found, 'pid 12');
});

run('says what lies in the outbox, and who would deliver it', async () => {
  await using folder = await temporaryFolder();
  assert.is(checkOutbox(await look(folder)).found, 'empty');
  const { outbox } = dataPaths(folder.path);
  await mkdir(path.join(outbox, 'refused'), { recursive: true });
  await writeFile(path.join(outbox, '000000000000001-0a0b.host_1-2-3.json'), '');
  const waiting = checkOutbox(await look(folder));
  assert.is(waiting.status, 'warn');
  assert.match('fix' in waiting ? (waiting.fix ?? '') : '', 'stt outbox flush');
  {
    await using _ = await startWorker(folder);
    assert.is(checkOutbox(await look(folder)).status, 'ok');
  }
  await writeFile(path.join(outbox, 'refused', '000000000000002-0a0b.host_1-2-3.json'), '');
  const refused = checkOutbox(await look(folder));
  assert.is(refused.found, '1 waiting to be delivered, 1 refused by the server');
  assert.match('fix' in refused ? (refused.fix ?? '') : '', 'stt outbox list --refused');
});

run.run();
