/** Writes settings into the worker's own file, once all of them are right; and says where that does not do what was meant. */
import { effectiveSettings } from '../../config/effective-settings.ts';
import { checkChanges } from '../../config/check-changes.ts';
import type { EnvChanges } from '../../config/env-file.ts';
import { type SettingSource, shortPath, workerSources } from '../../config/load-settings.ts';
import { readEnvFile } from '../../config/read-env-file.ts';
import { writeEnvFile } from '../../config/write-env-file.ts';
import { cronStarts } from '../../worker/schedule/cron-starts.ts';

export type AppliedSettings = {
  kind: 'written' | 'unchanged';
  file: string;
  /** Names of what is another value now, or gone. */
  names: string[];
  /** For people: a sentence each. */
  notes: string[];
};

/** What the table cannot know, since its owner is the worker. */
export const furtherChecks = { CRON: (value: string): unknown => cronStarts(value) };

/** @throws AppError where one of them is wrong, or the file cannot be written; then nothing was. */
export async function applySettings(file: string, changes: EnvChanges, isDryRun = false): Promise<AppliedSettings> {
  const checked = checkChanges(changes, readEnvFile(file).record, furtherChecks);
  const { names, isClosed } = await writeEnvFile(file, checked, isDryRun);
  const sources = workerSources();
  const closed = isDryRun ? 'will be closed' : 'was closed';
  const notes = [
    ...(isClosed ? [`Others could read ${shortPath(file)}; it ${closed} to everybody but its owner (mode 0600).`] : []),
    ...Object.entries(checked).flatMap(([name, value]) => overruled(name, value, file, sources)),
    ...(isDryRun
      ? []
      : effectiveSettings(sources, furtherChecks).problems.map((problem) => `A worker would not start: ${problem}.`)),
  ];
  return { kind: names.length > 0 ? 'written' : 'unchanged', file, names, notes };
}

/** What stands in the environment or in .env goes before this file. */
function overruled(name: string, value: string | undefined, file: string, sources: readonly SettingSource[]): string[] {
  const other = sources.find((source) => source.file !== file && source.record[name] !== undefined);
  if (other === undefined || other.record[name] === value) return [];
  const place = other.file === undefined ? 'in the environment' : `in ${shortPath(other.file)}`;
  return [`${name} is set ${place} as well, and that goes before this file.`];
}
