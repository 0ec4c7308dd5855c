import { chmod, chown, mkdir, readdir } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { packageFolder } from '../../package-folder.ts';
import { runChild } from '../../run-child.ts';
import { instead, refuseRoot } from './refuse-root.ts';

const refuse = suite('refuseRoot');

refuse("that it is a service's, and how to do it with the settings of that", () => {
  const restart = 'systemctl restart stt-worker';
  assert.ok(instead('stt-worker', '/var/lib/stt', 'stt run').endsWith(restart));
  const flush = instead('stt-worker', '/var/lib/stt', 'stt outbox flush');
  assert.match(flush, `${restart}\n  Or do it as the service would: systemd-run `);
  assert.match(flush, '--property=LoadCredential=worker.env:/etc/stt/worker.env');
  assert.match(flush, /\/bin\/stt\.js outbox flush$/u);
});

if (process.getuid?.() === 0) {
  refuse('root leaves nothing in the data folder of a service, and reads what to do instead', async () => {
    await using folder = await temporaryFolder();
    await mkdir(folder.join('worker'));
    await chown(folder.join('worker'), 1, 1);
    const commands = [['run'], ['run', '--retry-failed'], ['outbox', 'flush']];
    await Promise.all(
      commands.map(async (command) => {
        const end = await runChild({
          file: process.execPath,
          args: [`${packageFolder}/bin/stt.js`, ...command],
          cwd: folder.path,
          env: { STT_DATA_DIR: folder.path, STT_ENV_FILE: '/dev/null' },
        });
        assert.is(end.exitCode, 77, end.outputTail);
        assert.match(end.outputTail, `${folder.join('worker')} belongs to daemon`);
        const typed = `su -s /bin/sh -l daemon -c 'env STT_DATA_DIR=${folder.path} stt ${command.join(' ')}'`;
        assert.match(end.outputTail, typed);
      }),
    );
    assert.equal(await readdir(folder.join('worker')), []);
  });

  refuse('what it is told to type works, as that user and from whatever folder', async () => {
    await using folder = await temporaryFolder();
    await chmod(folder.path, 0o755);
    await mkdir(folder.join('worker'));
    await chown(folder.join('worker'), 1, 1);
    const typed = instead('daemon', folder.path, 'stt outbox list --json').split('settings of their own: ')[1] ?? '';
    const here = typed.replace(' stt outbox', ` ${process.execPath} ${packageFolder}/bin/stt.js outbox`);
    const end = await runChild({ file: 'sh', args: ['-c', here], cwd: folder.path, env: { HOME: '/root' } });
    assert.is(end.exitCode, 0, end.outputTail);
    const whoAmI = typed.replace(/ stt outbox.*'$/u, " id -un'");
    assert.is((await runChild({ file: 'sh', args: ['-c', whoAmI] })).outputTail.trim(), 'daemon');
  });

  refuse('root works in its own folder, and makes one', async () => {
    await using folder = await temporaryFolder();
    await refuseRoot(folder.path, 'stt run');
    await mkdir(folder.join('worker'));
    await refuseRoot(folder.path, 'stt run');
  });
} else {
  refuse('others are none of its business; NOT TRIED: as root', async () => {
    await refuseRoot('/', 'stt run');
  });
}

refuse.run();
