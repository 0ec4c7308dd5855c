import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { installOnSystemd } from './install-on-systemd.ts';
import { goneFrom, shellEnvironment, withPresentPaths } from './shell-environment.ts';
import { fakeMachine } from './testing/fake-machine.ts';

const shell = suite('shellEnvironment');

shell('leads the service to an ffmpeg that lies where no manager of services looks', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.join('ffmpeg'), '#!/bin/sh\n', { mode: 0o755 });
  const PATH = `/nowhere:${folder.path}`;
  assert.equal(await shellEnvironment({ PATH }), {
    PATH: [folder.path, '/usr/local/bin', '/usr/bin', '/bin'].join(path.delimiter),
  });
});

shell('says nothing of what the service finds by itself', async () => {
  assert.equal(await shellEnvironment({ PATH: '/usr/bin:/bin', LD_LIBRARY_PATH: ' ' }), {});
  assert.equal(await shellEnvironment({}), {});
});

shell('hands on where libraries lie: without them the engine would not start', async () => {
  assert.equal(await shellEnvironment({ PATH: '/usr/bin', LD_LIBRARY_PATH: '/opt/cuda/lib64' }), {
    LD_LIBRARY_PATH: '/opt/cuda/lib64',
  });
});

const user = { uid: 1000, userName: 'ann', home: '/home/ann', configHome: '/home/ann/.config' };
const PATH = '/home/ann/bin:/usr/local/bin:/usr/bin:/bin';
const LD_LIBRARY_PATH = '/opt/cuda/lib64';

shell('a shell that says nothing of them takes nothing from a service that has them', async () => {
  await using machine = await fakeMachine({ host: user });
  await machine.write('/home/ann/bin/ffmpeg', '', 0o755);
  const { userEnvironment } = machine.worker();
  const file = '/home/ann/.config/systemd/user/stt-worker.service';
  await installOnSystemd(
    machine.worker({ isStarted: true, userEnvironment: { ...userEnvironment, PATH, LD_LIBRARY_PATH } }),
  );
  const proved = await machine.read(file);
  for (const environment of [{}, { PATH }, { LD_LIBRARY_PATH }]) {
    const again = machine.worker({ isStarted: true, userEnvironment: { ...userEnvironment, ...environment } });
    assert.equal([(await installOnSystemd(again)).written, await machine.read(file)], [[], proved]);
  }
  assert.not.match((await machine.changes()).join('\n'), 'restart');
});

shell('what another shell says counts, and what goes is named', async () => {
  await using machine = await fakeMachine({ host: user });
  const { userEnvironment } = machine.worker();
  const file = '/home/ann/.config/systemd/user/stt-worker.service';
  await installOnSystemd(machine.worker({ userEnvironment: { ...userEnvironment, PATH, LD_LIBRARY_PATH } }));
  // Now it is where every service finds it.
  await machine.write('/usr/bin/ffmpeg', '', 0o755);
  const other = { userEnvironment: { ...userEnvironment, LD_LIBRARY_PATH: '/opt/rocm/lib' } };
  const { steps = [] } = await installOnSystemd(machine.worker({ ...other, isDryRun: true }));
  const gone = [`PATH=${PATH}`, `LD_LIBRARY_PATH=${LD_LIBRARY_PATH}`];
  for (const line of gone) assert.ok(steps.includes(`# Goes from ${file}: ${line}`), steps.join('\n'));
  await installOnSystemd(machine.worker(other));
  assert.ok(machine.said.includes(`Renewed: ${file} (${gone.map((line) => `it said ${line}`).join('; ')})`));
  assert.match(await machine.read(file), /^Environment=LD_LIBRARY_PATH=\/opt\/rocm\/lib$/mu);
  assert.not.match(await machine.read(file), 'Environment="PATH');
});

shell('a unit that is not ours hands nothing on', async () => {
  await using machine = await fakeMachine({ host: user });
  const file = '/home/ann/.config/systemd/user/stt-worker.service';
  await machine.write(file, `[Service]\nEnvironment=LD_LIBRARY_PATH=${LD_LIBRARY_PATH}\n`);
  await installOnSystemd(machine.worker({ isForced: true }));
  assert.not.match(await machine.read(file), LD_LIBRARY_PATH);
});

shell('keeps a PATH while ffmpeg is there, or nowhere else', async () => {
  await using machine = await fakeMachine();
  const kept = async (present: Record<string, string>): Promise<string[]> =>
    Object.keys(await withPresentPaths(machine.host, present, {}));
  assert.equal(await kept({ PATH }), ['PATH']);
  await machine.write('/usr/bin/ffmpeg', '', 0o755);
  assert.equal(await kept({ PATH }), []);
  await machine.write('/home/ann/bin/ffmpeg', '', 0o755);
  assert.equal(await kept({ PATH, LD_LIBRARY_PATH, A: '1' }), ['PATH', 'LD_LIBRARY_PATH']);
  assert.equal(await kept({ PATH: '/usr/bin:/bin' }), []);
  await rm(machine.folder.join('root/home/ann/bin/ffmpeg'));
  assert.equal(await kept({ PATH }), []);
  assert.equal(goneFrom({ A: '1', B: '2', C: '3' }, { A: '1', B: '3' }), ['B=2', 'C=3']);
});

shell.run();
