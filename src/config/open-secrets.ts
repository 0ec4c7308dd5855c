/** What of a settings file must not be seen, and what is left of one that others may read. Pure. */
import { workerSetting } from './check-changes.ts';
import type { EnvRecord } from './env-file.ts';
import { isSecret, isUrl, showable, withoutLogin } from './setting.ts';

/** Whether something in that value of a setting must not be seen. */
export function holdsSecret(env: string, value: string): boolean {
  const definition = workerSetting(env);
  if (definition === undefined) return false;
  return isSecret(definition) ? value.trim() !== '' : showable(definition, value) !== value;
}

export type Withheld = {
  record: EnvRecord;
  /** What is not in it any more, by the names of the settings. */
  names: string[];
};

/** Somebody else may have read it, or written another: it is not used. Of an address what is no secret stays. */
export function withholdSecrets(record: EnvRecord): Withheld {
  const names = Object.keys(record).filter((name) => holdsSecret(name, record[name] ?? ''));
  const left = Object.entries(record).flatMap(([name, value]) => {
    if (!names.includes(name)) return [[name, value] as const];
    const definition = workerSetting(name);
    return definition !== undefined && isUrl(definition) ? [[name, withoutLogin(value)] as const] : [];
  });
  return { record: Object.fromEntries(left), names };
}
