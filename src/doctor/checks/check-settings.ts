/** What there is to say of settings that are right. What is wrong with them has been thrown before this. Pure. */
import type { Configuration } from '../configuration.ts';
import { type Checked, ok, warn } from '../finding.ts';

export type SettingsLook = { processors: number; shortPath: (file: string) => string };

export function checkSettings(configuration: Configuration, look: SettingsLook): Checked<Configuration> {
  const { files, warnings, settings } = configuration;
  const { processors, shortPath } = look;
  const { threads } = settings;
  const tooMany =
    threads !== undefined && threads > processors
      ? [`STT_THREADS is ${threads}, but there are ${processors} processors: that slows the engine down.`]
      : [];
  const problems = [...warnings, ...tooMany];
  if (problems.length > 0) {
    return warn(
      problems.join('\n'),
      'Mend it where it stands: "stt config" shows where each setting comes from.',
      configuration,
    );
  }
  const from = files.map(shortPath).join(', then ');
  return ok(files.length === 0 ? 'right; there is no settings file' : `right; read from ${from}`, configuration);
}
