/**
 * What one setting is, and the small parsers that settings are made of. Pure. A parser throws an Error whose message completes
 * "NAME is wrong: ...".
 */
import { isIP } from 'node:net';
import { hideSecrets } from '../hide-secrets.ts';
import { Secret } from './secret.ts';

export type Setting<T> = {
  /** The environment variable. */
  env: string;
  /** One line for --help, the README table and .env.example. */
  help: string;
  parse: (text: string) => T;
  /** The value where the variable is unset or empty. */
  fallback: T;
  /** How the fallback reads in documents, where it is not the plain value. */
  fallbackText?: string;
  /** A sample for .env.example. */
  example?: string;
  /** Blanks and line ends around the value belong to it. */
  isExact?: true;
};

export function setting<T>(definition: Setting<T>): Setting<T> {
  return definition;
}

export const text = (value: string): string => value;

/** A file or folder. What a shell makes of `~` nobody makes of it in a settings file. */
export function filePath(value: string): string {
  if (value.startsWith('~'))
    throw new Error(`"${value}" begins with ~, which only a shell understands; write the whole path`);
  return value;
}

export const secret = (value: string): Secret => new Secret(value);

/** Whether it must never be shown. */
export const isSecret = ({ parse }: Setting<unknown>): boolean => parse === secret;

/** A trailing slash is cut, since paths are added. */
export function httpUrl(value: string): string {
  const shown = withoutSecrets(value);
  if (!URL.canParse(value)) throw new Error(`"${shown}" is not a URL; write it like http://server:8000`);
  const url = new URL(value);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new Error(`"${shown}" must begin with http:// or https://`);
  // They could be taken, but a log line would end the URL there and show the rest of a password.
  if (/[\s"]/u.test(value)) throw new Error(`"${shown}" has a blank or a quote in it; write it as %20 or %22`);
  return value.replace(/\/+$/u, '');
}

/** A URL to which paths are added: nothing may come after its own path. */
export function baseUrl(value: string): string {
  if (/[?#]/u.test(value)) throw new Error(`"${withoutSecrets(value)}" must have no ? or #; paths are added to it`);
  return httpUrl(value);
}

/** The same, where a user name and password in it would do nothing. */
export function plainBaseUrl(value: string): string {
  const url = baseUrl(value);
  const { username, password } = new URL(url);
  if (username === '' && password === '') return url;
  throw new Error(`"${withoutSecrets(value)}" must have no user name and no password in it`);
}

/** As it may be shown, also where it is no right URL: a password or a token may stand in it. */
export const withoutSecrets = (value: string): string =>
  value.replace(/^(\w+:)?(\/\/)?.*@/su, '$1$2***@').replace(/([?#]).*$/su, '$1***');

/** The address without all that `withoutSecrets` hides. */
export const withoutLogin = (value: string): string =>
  value.replace(/^(\w+:)?(\/\/)?.*@/su, '$1$2').replace(/[?#].*$/su, '');

export const isUrl = ({ parse }: Setting<unknown>): boolean =>
  [httpUrl, baseUrl, plainBaseUrl].some((url) => parse === url);

/** A value as it may be shown, right or wrong, of a setting that is no secret as a whole. */
export const showable = (definition: Setting<unknown>, value: string): string =>
  isUrl(definition) ? withoutSecrets(value) : hideSecrets(value);

export function flag(value: string): boolean {
  const lower = value.toLowerCase();
  if (['true', '1', 'yes', 'on'].includes(lower)) return true;
  if (['false', '0', 'no', 'off'].includes(lower)) return false;
  throw new Error(`"${value}" is neither true nor false`);
}

export function number(range: { min: number; max: number; whole?: boolean }): (value: string) => number {
  return (value) => {
    const parsed = Number(value);
    const kind = range.whole === false ? 'a number' : 'a whole number';
    if (!Number.isFinite(parsed) || (range.whole !== false && !Number.isInteger(parsed))) {
      throw new Error(`"${value}" is not ${kind}`);
    }
    if (parsed < range.min || parsed > range.max)
      throw new Error(`${value} is not between ${range.min} and ${range.max}`);
    return parsed;
  };
}

export function oneOf<const T extends string>(values: readonly T[]): (value: string) => T {
  return (value) => {
    const found = values.find((candidate) => candidate === value.toLowerCase());
    if (found === undefined) throw new Error(`"${value}" is not one of ${values.join(', ')}`);
    return found;
  };
}

export function list(parse: (item: string) => string): (value: string) => readonly string[] {
  return (value) => {
    const items = value.split(/[\s,]+/u).filter((item) => item !== '');
    if (items.length === 0) throw new Error(`"${value}" names nothing`);
    return items.map(parse);
  };
}

/** `10.0.0.1` or `10.0.0.0/8`. */
export function networkAddress(value: string): string {
  const [address = '', prefix, ...more] = value.split('/');
  const family = isIP(address);
  const bits = Number(prefix ?? 0);
  const isPrefix = prefix === undefined || (/^\d+$/u.test(prefix) && bits <= (family === 4 ? 32 : 128));
  if (family === 0 || more.length > 0 || !isPrefix) {
    throw new Error(`"${value}" is not an address like 10.0.0.1 or a network like 10.0.0.0/8`);
  }
  return value;
}

export type SettingsTable = Readonly<Record<string, Setting<unknown>>>;
/** What a table comes to when it is read. */
export type Values<Table extends SettingsTable> = {
  readonly [Key in keyof Table]: Table[Key] extends Setting<infer T> ? T : never;
};
