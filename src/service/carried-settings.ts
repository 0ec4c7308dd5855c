/** Settings of who runs install-service that go into a settings file which is made. Pure. */
import type { SettingSource } from '../config/load-settings.ts';
import type { Host } from './host.ts';
import type { InstallWishes } from './install-wishes.ts';
import type { ServiceProgram, ServiceScope } from './service-program.ts';
import type { Step } from './service-steps.ts';

/** @param sources the first one that has a name counts. */
export function carriedSettings(
  scope: ServiceScope,
  sources: readonly SettingSource[],
  names: readonly string[],
): Record<string, string> {
  // The folder that root works in may be anybody's, and so may the .env there.
  const trusted = scope === 'system' ? sources.filter(({ file }) => file === undefined) : sources;
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = givenIn(trusted, name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** What a setting is for who runs the command. */
export const givenIn = (sources: readonly SettingSource[], name: string): string | undefined =>
  sources.map(({ record }) => record[name]?.trim()).find((value) => value !== undefined && value !== '');

/** The file that the service will read. @param ownFile that of who asks. */
export const settingsFileOf = (
  scope: ServiceScope,
  { uid }: Host,
  ownFile: string,
  { settingsFile }: ServiceProgram,
): string =>
  // It is root's to read, and with a dry run somebody else may ask.
  scope === 'system' && uid === 0 ? settingsFile : ownFile;

/** Names, no values: a URL may have a password in it. */
export function describeCarried(steps: readonly Step[], { firstSettings }: InstallWishes): string[] {
  const names = Object.keys(firstSettings);
  const made = steps.find((step) => step.do === 'create');
  return made === undefined || names.length === 0
    ? []
    : [`Into ${made.file} went what is set here: ${names.join(', ')}`];
}
