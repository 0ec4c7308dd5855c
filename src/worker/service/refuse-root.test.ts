import { chown, mkdir, readdir } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { packageFolder } from '../../package-folder.ts';
import { runChild } from '../../run-child.ts';
import { refuseRoot } from './refuse-root.ts';

const refuse = suite('refuseRoot');

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
        const typed = `runuser -u daemon -- env STT_DATA_DIR=${folder.path} stt ${command.join(' ')}`;
        assert.match(end.outputTail, typed);
        assert.match(end.outputTail, 'systemctl restart stt-worker');
      }),
    );
    assert.equal(await readdir(folder.join('worker')), []);
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
