/** The settings file that a package brings: every setting with its meaning, none of them set. Pure. */
import type { Setting } from '../../src/config/setting.ts';
import { serverSettings } from '../../src/config/server-settings.ts';
import { defaultText } from './settings-page.ts';

/** The unit sets it, and the environment goes before the file. */
const ofTheUnit = new Set(['STT_DATA_DIR']);

/** For /etc/stt/server.env. As it is the server does not start: which folder is the library nobody can guess. */
export function serverSettingsFile(): string {
  const settings: Setting<unknown>[] = Object.values(serverSettings);
  return [
    '# Settings of the service stt-server: man stt-server.env. Take the # away from what you change, then:',
    '#   systemctl enable --now stt-server      (later: systemctl restart stt-server)',
    '# Needed is only AUDIO_DIR, the folder with the recordings. The user stt-server must be able to read it, and to write transcripts',
    '# into it: setfacl -R -m u:stt-server:rwX,d:u:stt-server:rwX /srv/recordings',
    '# A folder that is not below /srv, /mnt, /media or /run/media has to be opened to the service as well, which this does:',
    '#   stt-server install-service --library /data/recordings',
    '# For workers on other machines: HOST=0.0.0.0, a token for each (stt-server worker add NAME), and the firewall:',
    '#   firewall-cmd --permanent --add-service=stt-server && firewall-cmd --reload',
    '',
    ...settings.filter(({ env }) => !ofTheUnit.has(env)).flatMap(settingLines),
  ].join('\n');
}

function settingLines(setting: Setting<unknown>): string[] {
  const { env, help, example, fallback } = setting;
  const sample = example ?? (fallback === undefined ? '' : defaultText(setting));
  return [`# ${help.replaceAll('`', '')} Default: ${defaultText(setting)}.`, `#${env}=${sample}`, ''];
}
