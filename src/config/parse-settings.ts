/** Turns a record of strings into typed settings, or into one error that names every problem at once. Pure. */
import { AppError, messageOf } from '../app-error.ts';
import { exitCodes } from '../exit-codes.ts';
import type { SettingsTable, Values } from './setting.ts';

export function parseSettings<Table extends SettingsTable>(
  table: Table,
  record: Readonly<Record<string, string | undefined>>,
  more: {
    /** What is wrong besides; told together with what is found here. */
    problems?: readonly string[];
    /** What is wrong with values together. A value that is itself `wrong` comes as its default. */
    check?: (values: Values<Table>, wrong: ReadonlySet<string>) => string[];
  } = {},
): Values<Table> {
  const problems: string[] = [];
  const wrong = new Set<string>();
  const values = Object.entries(table).map(([key, definition]) => {
    const raw = record[definition.env]?.trim();
    if (raw === undefined || raw === '') return [key, definition.fallback];
    try {
      return [key, definition.parse(raw)];
    } catch (error) {
      wrong.add(key);
      problems.push(`${definition.env} is wrong: ${messageOf(error)}`);
      return [key, definition.fallback];
    }
  });
  // The table's own types say what each value is; Object.entries forgets them.
  const settings = Object.fromEntries(values) as Values<Table>;
  problems.push(...(more.check?.(settings, wrong) ?? []), ...(more.problems ?? []));
  if (problems.length > 0) throw settingsError(problems);
  return settings;
}

function settingsError(problems: readonly string[]): AppError {
  const [only = '', ...more] = problems;
  return new AppError(
    more.length === 0 ? only.replace(/(?<![?.])$/u, '.') : `Settings are wrong:\n  ${problems.join('\n  ')}`,
    {
      code: 'STT_SETTINGS',
      hint:
        more.length === 0
          ? 'Mend it in the environment, in .env, or on the command line.'
          : 'Mend them in the environment, in .env, or on the command line.',
      exitCode: exitCodes.config,
    },
  );
}
