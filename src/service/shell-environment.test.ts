import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { shellEnvironment } from './shell-environment.ts';

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

shell.run();
