/** Judges what somebody wants to write into the worker's settings file, before anything is written. Pure. */
import { AppError, messageOf } from '../app-error.ts';
import { exitCodes } from '../exit-codes.ts';
import type { EnvChanges, EnvRecord } from './env-file.ts';
import { givenText } from './parse-settings.ts';
import type { Setting } from './setting.ts';
import { envFileName, findUnknownSettings, isEngineName, knownNames } from './unknown-settings.ts';
import { workerSettings } from './worker-settings.ts';

/** The worker's setting of that name. */
export const workerSetting = (name: string): Setting<unknown> | undefined =>
  Object.values<Setting<unknown>>(workerSettings).find(({ env }) => env === name);

/** By name: what the table cannot know. An error's message says what is wrong. */
export type FurtherChecks = Readonly<Record<string, (value: string) => unknown>>;

/** A sentence without its end; undefined where the value will do. */
export function whyWrong(name: string, value: string | undefined, furtherChecks: FurtherChecks): string | undefined {
  const definition = workerSetting(name);
  const text = definition === undefined ? value : givenText(definition, value);
  if (text === undefined) return undefined;
  try {
    definition?.parse(text);
    furtherChecks[name]?.(text);
    return undefined;
  } catch (error) {
    const said = messageOf(error).replace(/\.$/u, '');
    return said.startsWith(`${name} is wrong`) ? said : `${name} is wrong: ${said}`;
  }
}

/**
 * @param present what stands in the file: anything there may be removed, whatever it is.
 * @returns the changes as they are to be written.
 * @throws AppError (exit 78) that names every problem.
 */
export function checkChanges(changes: EnvChanges, present: EnvRecord, furtherChecks: FurtherChecks): EnvChanges {
  const problems: string[] = [];
  const checked = Object.entries(changes).map(([name, value]) => {
    const definition = workerSetting(name);
    if (value === undefined) {
      if (definition === undefined && !Object.hasOwn(present, name)) problems.push(...whyNotOurs(name));
      return [name, undefined] as const;
    }
    if (definition === undefined) problems.push(...whyNotOurs(name));
    const text = definition === undefined ? value.trim() : givenText(definition, value);
    if (text === undefined || text === '') {
      problems.push(`${name} would have no value; to take it away: stt config unset ${name}`);
      return [name, undefined] as const;
    }
    const problem = whyWrong(name, text, furtherChecks);
    if (problem !== undefined) problems.push(problem);
    return [name, text] as const;
  });
  if (problems.length > 0) throw refused(problems);
  return Object.fromEntries(checked);
}

function whyNotOurs(name: string): string[] {
  if (isEngineName(name)) return [];
  if (name === envFileName) return [`${name} stands in the environment only: it names this file`];
  if (knownNames.includes(name)) return [`${name} is a setting of the server, which does not read this file`];
  const [near] = findUnknownSettings({ environment: [], envFile: [name] }).problems;
  return [near ?? `${name} is not a setting; "stt config --all" lists them`];
}

function refused(problems: readonly string[]): AppError {
  const [only = '', ...more] = problems;
  return new AppError(
    more.length === 0
      ? only.replace(/(?<![?.])$/u, '.')
      : `Nothing of this can be written:\n  ${problems.join('\n  ')}`,
    { code: 'STT_SETTINGS', hint: 'Nothing was written.', exitCode: exitCodes.config },
  );
}
