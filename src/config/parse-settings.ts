/** Turns a record of strings into typed settings, or into one error that names every problem at once. Pure. */
import { AppError, messageOf } from '../app-error.ts';
import { exitCodes } from '../exit-codes.ts';
import type { Setting, SettingsTable, Values } from './setting.ts';

type Given = Readonly<Record<string, string | undefined>>;

export type ReadSettings<Table extends SettingsTable> = {
  values: Values<Table>;
  /** Key of a setting -> what is wrong with its value; the value is the default then. */
  wrong: ReadonlyMap<string, string>;
};

export function readSettings<Table extends SettingsTable>(table: Table, record: Given): ReadSettings<Table> {
  const wrong = new Map<string, string>();
  const values = Object.entries(table).map(([key, definition]) => {
    const text = givenText(definition, record[definition.env]);
    if (text === undefined) return [key, definition.fallback];
    try {
      return [key, definition.parse(text)];
    } catch (error) {
      wrong.set(key, `${definition.env} is wrong: ${messageOf(error)}`);
      return [key, definition.fallback];
    }
  });
  // The table's own types say what each value is; Object.entries forgets them.
  return { values: Object.fromEntries(values) as Values<Table>, wrong };
}

/** As it is taken; undefined where it counts as not set. */
export function givenText({ isExact }: Setting<unknown>, text: string | undefined): string | undefined {
  const trimmed = text?.trim();
  if (trimmed === undefined || trimmed === '') return undefined;
  return isExact ? text : trimmed;
}

export function parseSettings<Table extends SettingsTable>(
  table: Table,
  record: Given,
  more: {
    /** What is wrong besides; told together with what is found here. */
    problems?: readonly string[];
    /** What is wrong with values together. A value that is itself `wrong` comes as its default. */
    check?: (values: Values<Table>, wrong: ReadonlySet<string>) => string[];
    /** Where it can be mended. */
    places?: string;
  } = {},
): Values<Table> {
  const { values, wrong } = readSettings(table, record);
  const together = more.check?.(values, new Set(wrong.keys())) ?? [];
  const problems = [...wrong.values(), ...together, ...(more.problems ?? [])];
  if (problems.length > 0)
    throw settingsError(problems, more.places ?? 'in the environment, in .env, or on the command line');
  return values;
}

function settingsError(problems: readonly string[], places: string): AppError {
  const [only = '', ...more] = problems;
  return new AppError(
    more.length === 0 ? only.replace(/(?<![?.])$/u, '.') : `Settings are wrong:\n  ${problems.join('\n  ')}`,
    {
      code: 'STT_SETTINGS',
      hint: `Mend ${more.length === 0 ? 'it' : 'them'} ${places}.`,
      exitCode: exitCodes.config,
    },
  );
}
