import { chmod, mkdir, symlink } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { exitCodes } from '../exit-codes.ts';
import { installOnSystemd } from './install-on-systemd.ts';
import { findLibrary, libraryWarning, type Writer } from './library-of-server.ts';
import { type FakeMachine, fakeMachine } from './testing/fake-machine.ts';
import { refused } from './testing/refused.ts';
import { unitValues } from './unit-text.ts';

const library = suite('findLibrary');

const settingsFile = '/etc/stt/server.env';

async function written(machine: FakeMachine, settings: string): Promise<readonly string[] | undefined> {
  await machine.write(settingsFile, `AUDIO_DIR=/srv/audio\n${settings}`);
  return (await findLibrary(machine.server()))?.written;
}

library('what the server writes besides is found, without the folders that are its own', async () => {
  await using machine = await fakeMachine();
  assert.equal(await written(machine, ''), []);
  assert.equal(await written(machine, 'DB_FILE=/var/lib/stt/server/x.sqlite\nLOG_DIR=/var/log/stt\n'), []);
  assert.equal(await written(machine, 'DB_FILE=x.sqlite\nLOG_DIR=logs\n'), []);
  assert.equal(await written(machine, 'DB_FILE=../../../../data/x.sqlite\n'), ['/data']);
  // Of the data folder the unit has its own part alone.
  assert.equal(await written(machine, 'DB_FILE=/var/lib/stt/db/x.sqlite\nLOG_DIR=/var/lib/stt/server-log\n'), [
    '/var/lib/stt/db',
    '/var/lib/stt/server-log',
  ]);
  assert.equal(await written(machine, 'DB_FILE=../x.sqlite\n'), ['/var/lib/stt']);
  assert.equal(await written(machine, 'DB_FILE=/big/x.sqlite\nLOG_DIR=/home/ann/log/\n'), ['/big', '/home/ann/log']);
  await mkdir(machine.folder.join('root/data/db'), { recursive: true });
  await symlink('data/db', machine.folder.join('root/fast'));
  assert.equal(await written(machine, 'DB_FILE=/fast/x.sqlite\nLOG_DIR=/data/db\n'), ['/data/db', '/fast']);
});

library('a database elsewhere in the data folder is one that the unit lets it write', async () => {
  await using machine = await fakeMachine();
  await machine.write(settingsFile, 'AUDIO_DIR=/srv/audio\nDB_FILE=/var/lib/stt/db/x.sqlite\n');
  await installOnSystemd(machine.server());
  assert.match(
    await machine.read('/etc/systemd/system/stt-server.service.d/library.conf'),
    '\nReadWritePaths=-/srv/audio -/var/lib/stt/db\n',
  );
  // What it needs no word for is what the unit itself has.
  const unit = await machine.read('/etc/systemd/system/stt-server.service');
  assert.equal(
    ['StateDirectory', 'LogsDirectory'].map((key) => unitValues(unit, 'Service', key)),
    [['stt/server'], ['stt']],
  );
});

library('a service has no database and no log where it sees nothing, as it has no library there', async () => {
  await using machine = await fakeMachine();
  await mkdir(machine.folder.join('root/root/db'), { recursive: true });
  await symlink('root/db', machine.folder.join('root/fast'));
  for (const [setting, why] of [
    ['DB_FILE=/root/x.sqlite', 'what lies below /root is for root alone'],
    ['DB_FILE=/fast/x.sqlite', 'what lies below /root is for root alone'],
    ['DB_FILE=/x.sqlite', 'that is the whole machine'],
    ['DB_FILE=/tmp/db/x.sqlite', 'a service has a /tmp of its own'],
    ['LOG_DIR=/var/tmp/log', 'a service has a /var/tmp of its own'],
    ['LOG_DIR=/', 'that is the whole machine'],
  ] as const) {
    const error = await refused(
      written(machine, `${setting}\n`),
      new RegExp(`^${setting} cannot be that of a service: ${why}\\.$`, 'u'),
      'STT_SERVICE_LIBRARY',
      exitCodes.config,
    );
    assert.match(error.hint ?? '', /in \/etc\/stt\/server\.env, or leave it out/u);
    assert.match(error.hint ?? '', 'folders of its own, /var/lib/stt/server and /var/log/stt.');
  }
});

library('a user that is yet to be made may write what everybody may, which a dry run tells', async () => {
  await using machine = await fakeMachine({ scripts: { id: 'exit 1' } });
  const folder = '/data/audio';
  const inRoot = (name: string): string => machine.folder.join('root', name);
  await mkdir(inRoot(folder), { recursive: true });
  await chmod(inRoot('data'), 0o750);
  const warning = (writer: Partial<Writer> = {}): Promise<string | undefined> =>
    libraryWarning(
      machine.host,
      { folder, realFolder: folder, written: [] },
      { user: 'stt-server', group: 'stt-server', hasUser: false, ...writer },
      new AbortController().signal,
    );
  await chmod(inRoot(folder), 0o755);
  assert.match(
    (await warning()) ?? '',
    /^stt-server may not write into the library \/data\/audio.*\n {2}sudo setfacl -m u:stt-server:x \/data && sudo setfacl -R /u,
  );
  assert.is(await warning({ hasUser: true }), undefined);
  assert.is(await warning({ user: 'ann', group: 'staff' }), undefined);
  await chmod(inRoot(folder), 0o777);
  assert.is(await warning(), undefined);
});

library.run();
