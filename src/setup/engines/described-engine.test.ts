/** What a dry run says of an engine that is half, or to be made by force. */
import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { tinySetupRequest } from '../../../test/support/tiny-whisper.ts';
import { describeSetup } from '../describe-setup.ts';
import { runSetup } from '../run-setup.ts';

const run = suite('described engine');

run('is named in a dry run as the folder that will be gone on with, or made by force', async () => {
  await using folder = await temporaryFolder();
  const request = await tinySetupRequest(folder);
  const { engineFolder } = await runSetup(request);
  const stepsOf = async (more: object): Promise<string> => (await describeSetup({ ...request, ...more })).join('\n');
  assert.match(await stepsOf({ isForced: true }), `# Build in ${engineFolder}-2\n`);
  const unfinished = `${engineFolder}-2`;
  await rename(engineFolder, unfinished);
  await rm(path.join(unfinished, 'engine.json'));
  assert.match(await stepsOf({}), `# Build in ${unfinished}\n`);
});

run.run();
