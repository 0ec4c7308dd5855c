/** What the worker's settings come to, each with where it comes from. Secrets stay hidden. Pure. */
import { type FurtherChecks, whyWrong } from './check-changes.ts';
import { givenText, readSettings } from './parse-settings.ts';
import type { Secret } from './secret.ts';
import { isSecret, type Setting, type SettingsTable, showable } from './setting.ts';
import { isEngineName } from './unknown-settings.ts';
import { checkWorkerSettings, workerSettings } from './worker-settings.ts';

/** A place where settings stand: a file, or (undefined) the environment. */
type Source = { file: string | undefined; record: Readonly<Record<string, string>> };

export type EffectiveSetting = {
  name: string;
  /** As it is used; null where there is none, `[hidden]` for a secret. Of a wrong value nothing is told but the problem. */
  value: string | number | boolean | null;
  /** The same for people, also where the default is found out later. */
  text: string;
  /** `environment`, `default`, or the file. */
  from: string;
  /** Where it stands as well, and does not count. */
  alsoIn: string[];
  problem?: string;
};

export type EffectiveSettings = {
  /** In the order of the table; then what ggml reads itself. */
  settings: EffectiveSetting[];
  /** What keeps a worker from starting. */
  problems: string[];
};

/**
 * @param sources the first one that has a name counts, also where it sets it to nothing.
 * @param furtherChecks as for `checkChanges`.
 */
export function effectiveSettings(sources: readonly Source[], furtherChecks: FurtherChecks): EffectiveSettings {
  const record: Record<string, string> = Object.assign({}, ...sources.map(({ record }) => record).toReversed());
  const { values, wrong } = readSettings(workerSettings, record);
  const table: SettingsTable = workerSettings;
  const settings = Object.entries(table).map(([key, definition]): EffectiveSetting => {
    const { env, fallbackText } = definition;
    const isGiven = givenText(definition, record[env]) !== undefined;
    const problem = wrong.get(key) ?? whyWrong(env, record[env], furtherChecks);
    const value = shown(definition, values[key as keyof typeof values]);
    const text = value === null ? (fallbackText ?? 'none').replaceAll('`', '') : String(value);
    const [first, ...alsoIn] = placesOf(env, sources);
    const from = isGiven && first !== undefined ? first : 'default';
    if (problem !== undefined) return { name: env, value: null, text: '(wrong)', from, alsoIn, problem };
    return { name: env, value: isSecret(definition) && isGiven ? '[hidden]' : value, text, from, alsoIn };
  });
  const engine = Object.entries(record)
    .filter(([name, value]) => isEngineName(name) && value.trim() !== '')
    .map(([name, value]): EffectiveSetting => {
      const [from = '', ...alsoIn] = placesOf(name, sources);
      return { name, value, text: value, from, alsoIn };
    });
  return {
    settings: [...settings, ...engine.toSorted((a, b) => (a.name < b.name ? -1 : 1))],
    problems: [
      ...settings.flatMap(({ problem }) => problem ?? []),
      ...checkWorkerSettings(values, new Set(wrong.keys())),
    ],
  };
}

function shown(
  definition: Setting<unknown>,
  value: string | number | boolean | Secret | undefined,
): EffectiveSetting['value'] {
  if (value === undefined) return null;
  if (typeof value === 'boolean' || typeof value === 'number') return value;
  return showable(definition, value.toString());
}

/** Where a name stands, those first that count. */
function placesOf(name: string, sources: readonly Source[]): string[] {
  return sources.filter(({ record }) => record[name] !== undefined).map(({ file }) => file ?? 'environment');
}
