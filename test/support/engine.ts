/** The real engine and the demo model that tests use: built once per machine and pin by `./bin/check`, kept between checkouts. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { dataPaths, modelFile } from '../../src/config/data-paths.ts';

/** The data folder of the checks; never the user's own. */
export const checkDataFolder = path.join(process.env['XDG_CACHE_HOME'] || path.join(homedir(), '.cache'), 'stt-check');

export type TestEngine = { whisperCli: string; model: string };

/** @throws where `./bin/check` has not built it yet: a whole-system test without an engine would show nothing. */
export function testEngine(): TestEngine {
  const paths = dataPaths(checkDataFolder);
  const engine = { whisperCli: paths.whisperCli, model: modelFile(paths, 'demo-digits') };
  for (const file of Object.values(engine)) {
    if (!existsSync(file)) {
      throw new Error(
        `${file} is missing; make it with: STT_DATA_DIR=${checkDataFolder} node bin/stt.js setup --model demo-digits`,
      );
    }
  }
  return engine;
}
