import { chmod } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { installOnSystemd } from './install-on-systemd.ts';
import { type FakeMachine, fakeMachine } from './testing/fake-machine.ts';

const settings = suite('the settings of a service of the machine');

const serverFile = '/etc/stt/server.env';
const workerFile = '/etc/stt/worker.env';
const opened = [`chgrp stt-server ${serverFile}`, `chmod 0640 ${serverFile}`];
const closed = [`chmod 0600 ${workerFile}`];

/** What of the settings is mended when it is installed once more; a dry run says the same. */
async function mended(machine: FakeMachine, kind: 'worker' | 'server', mode: number): Promise<string[]> {
  const file = kind === 'server' ? serverFile : workerFile;
  await chmod(machine.folder.join('root', file), mode);
  const { steps = [] } = await installOnSystemd(machine[kind]({ isDryRun: true }));
  const before = (await machine.changes()).length;
  await installOnSystemd(machine[kind]());
  const done = (await machine.changes()).slice(before);
  assert.equal(
    steps.filter((step) => !step.startsWith('#')),
    done,
  );
  return done;
}

settings(
  'of the server are read by its group, also where the file was there, and nobody else writes them',
  async () => {
    await using machine = await fakeMachine();
    await installOnSystemd(machine.server());
    assert.equal(await mended(machine, 'server', 0o640), []);
    // root's own way, and not to be read by the service.
    assert.equal(await mended(machine, 'server', 0o600), opened);
    assert.equal(await mended(machine, 'server', 0o646), opened);
    assert.equal(await mended(machine, 'server', 0o660), opened);
    // There are no secrets in it.
    assert.equal(await mended(machine, 'server', 0o644), []);
    const gid = process.getgid?.() ?? 0;
    await machine.write('/etc/group', `root:x:0:\nstt-server:x:${gid + 1}:\n`);
    assert.equal(await mended(machine, 'server', 0o640), opened);
    await machine.write('/etc/group', `stt-server:x:${gid}:\n`);
    assert.equal(await mended(machine, 'server', 0o640), []);
  },
);

settings('of the server are mended where it may not read them, whatever their mode says', async () => {
  for (const [exitCode, mode, expected] of [
    [0, 0o600, []],
    [1, 0o640, opened],
  ] as const) {
    await using machine = await fakeMachine({ scripts: { runuser: `exit ${exitCode}` } });
    await installOnSystemd(machine.server());
    assert.equal(await mended(machine, 'server', mode), expected);
  }
});

settings('that were there before the user was are given to its group', async () => {
  await using machine = await fakeMachine();
  await machine.write(serverFile, 'PORT=8000\n', 0o640);
  await installOnSystemd(machine.server());
  for (const step of opened) assert.ok((await machine.changes()).includes(step), step);
});

settings('of the worker hold secrets, and are closed again', async () => {
  await using machine = await fakeMachine();
  await installOnSystemd(machine.worker());
  assert.equal(await mended(machine, 'worker', 0o600), []);
  assert.equal(await mended(machine, 'worker', 0o644), closed);
  assert.equal(await mended(machine, 'worker', 0o640), closed);
});

settings.run();
