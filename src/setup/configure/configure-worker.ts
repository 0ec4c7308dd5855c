/** Asks for the settings of this worker and writes them: the end of a set-up on a terminal. */
import { hostname } from 'node:os';
import type { EnvRecord } from '../../config/env-file.ts';
import { shortPath, workerSources } from '../../config/load-settings.ts';
import { writeEnvFile } from '../../config/write-env-file.ts';
import { type AppliedSettings, applySettings } from './apply-settings.ts';
import { askSettings } from './ask-settings.ts';
import type { Dialogue } from './open-dialogue.ts';
import { reachServer } from './reach-server.ts';

const longestWaitMs = 3000;

/**
 * @param options.file see `workerEnvFile`.
 * @throws AppError where the questions are broken off, or the file cannot be written; then nothing was.
 */
export async function configureWorker(options: {
  file: string;
  dialogue: Dialogue;
  signal: AbortSignal;
}): Promise<AppliedSettings> {
  const { file, dialogue, signal } = options;
  // What stands in its way had better be known before all the questions.
  await writeEnvFile(file, {}, true);
  const records = workerSources().map(({ record }) => record);
  const changes = await askSettings({
    dialogue,
    current: Object.assign({}, ...records.toReversed()) as EnvRecord,
    hostName: hostname(),
    reach: (serverUrl) => reachServer(serverUrl, longestWaitMs, signal),
  });
  const applied = await applySettings(file, changes);
  for (const line of describeApplied(applied)) dialogue.say(line);
  return applied;
}

/** For people. */
export function describeApplied({ kind, file, names, notes }: AppliedSettings, isDryRun = false): string[] {
  const verb = isDryRun ? 'Would be written to' : 'Written to';
  const done =
    kind === 'unchanged'
      ? `Nothing to write: ${shortPath(file)} says so already.`
      : `${verb} ${shortPath(file)}: ${names.join(', ')}.`;
  return [done, ...notes];
}
