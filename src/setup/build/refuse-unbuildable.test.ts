import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../../../test/support/rejects.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { tinySetupRequest } from '../../../test/support/tiny-whisper.ts';
import { dataPaths } from '../../config/data-paths.ts';
import { describeSetup } from '../describe-setup.ts';
import { runSetup } from '../run-setup.ts';

const run = suite('refuseUnbuildable');

run('refuses a data folder that cmake cannot build in', async () => {
  await using folder = await temporaryFolder();
  const request = await tinySetupRequest(folder);
  for (const character of ['\\', '"', ';', '$', '#', '%']) {
    const paths = dataPaths(folder.join(`a${character}b`));
    for (const attempt of [runSetup, describeSetup]) {
      assert.is((await rejects(attempt({ ...request, paths }), /cannot be built in/u))['exitCode'], 78);
    }
  }
});

run.run();
