/**
 * What the commands around services show may have settings in it: a file that is made, a drop-in that somebody wrote. By the tables of
 * settings it is known which of them are secrets, and of which addresses a part may be one. Pure.
 */
import { serverSettings } from '../../config/server-settings.ts';
import { isSecret, isUrl, type SettingsTable, withoutSecrets } from '../../config/setting.ts';
import { workerSettings } from '../../config/worker-settings.ts';
import { hideSecrets } from '../../hide-secrets.ts';

const tables: readonly SettingsTable[] = [workerSettings, serverSettings];
const all = tables.flatMap((table) => Object.values(table));
const namesOf = (which: typeof isSecret): string =>
  all
    .filter(which)
    .map(({ env }) => env)
    .join('|');

/** To the end of the line: a value may have blanks in it, and too much is hidden rather than too little. */
const secrets = new RegExp(`\\b(${namesOf(isSecret)})=.+$`, 'gmu');
const addresses = new RegExp(`\\b(${namesOf(isUrl)})=(.+)$`, 'gmu');

export const hideSettingSecrets = (text: string): string =>
  hideSecrets(
    text
      .replace(secrets, '$1=[hidden]')
      .replace(addresses, (_, name: string, value: string) => `${name}=${withoutSecrets(value)}`),
  );
