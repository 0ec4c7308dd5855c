/** The real engine and the demo model that tests use: built once per machine and pin by `./bin/check`, kept between checkouts. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { dataPaths, modelFile } from '../../src/config/data-paths.ts';

/** The data folder of the checks; never the user's own. */
export const checkDataFolder = path.join(process.env['XDG_CACHE_HOME'] || path.join(homedir(), '.cache'), 'stt-check');

export type TestEngine = { whisperCli: string; model: string };

/** For tests beside their file: they are skipped, visibly, on a machine where `./bin/check` has not built the engine yet. */
export function findTestEngine(): TestEngine | undefined {
  const paths = dataPaths(checkDataFolder);
  const engine = { whisperCli: paths.whisperCli, model: modelFile(paths, 'demo-digits') };
  return Object.values(engine).every((file) => existsSync(file)) ? engine : undefined;
}

/** @throws where `./bin/check` has not built it yet: a whole-system test without an engine would show nothing. */
export function testEngine(): TestEngine {
  const engine = findTestEngine();
  if (engine !== undefined) return engine;
  throw new Error(
    `There is no engine to test with. Build it: STT_DATA_DIR=${checkDataFolder} node bin/stt.js setup --backend cpu --no-compare --model demo-digits`,
  );
}
