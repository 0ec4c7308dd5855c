/** A settings file of the machine that wants the data elsewhere than the unit: the service would not listen to it, and set-up would. */
import path from 'node:path';
import { AppError } from '../app-error.ts';
import { parseEnvText } from '../config/env-file.ts';
import { exitCodes } from '../exit-codes.ts';
import type { Host } from './host.ts';
import { type InstalledService, textOf } from './installed-service.ts';
import { environmentOf } from './render-unit.ts';
import { type ServiceProgram, systemDataFolder } from './service-program.ts';
import { unitValues } from './unit-text.ts';

export async function dataFolderProblem(
  host: Host,
  { settingsFile, bin }: ServiceProgram,
  { dropInFolder, otherDropIns }: InstalledService,
): Promise<AppError | undefined> {
  const wanted = parseEnvText((await textOf(host, settingsFile)) ?? '')['STT_DATA_DIR']?.trim() ?? '';
  if (wanted === '') return undefined;
  const dropIns = await Promise.all(
    // As systemd reads them: what an editor left there does not count, and the last one does.
    otherDropIns
      .filter((name) => name.endsWith('.conf'))
      .toSorted((a, b) => (a < b ? -1 : 1))
      .map((name) => textOf(host, path.join(dropInFolder, name))),
  );
  const lines = dropIns.flatMap((text = '') => unitValues(text, 'Service', 'Environment'));
  const used = usedFolder(lines);
  if (used === undefined || path.resolve(wanted) === path.resolve(used)) return undefined;
  return new AppError(`${settingsFile} says STT_DATA_DIR=${wanted}, and the unit says ${used}, which counts.`, {
    code: 'STT_SERVICE_DATA',
    hint: `Take STT_DATA_DIR out of ${settingsFile}. To have the data of the service on another disk, mount that disk at ${used}; "${bin} install-service --user" has its data where you say.`,
    exitCode: exitCodes.config,
  });
}

/** @param lines of `Environment=`, after that of the unit. @returns undefined where none of them is left that says so: the settings count. */
const usedFolder = (lines: readonly string[]): string | undefined =>
  // An empty one takes back that of the unit as well.
  environmentOf(lines)['STT_DATA_DIR'] ?? (lines.includes('') ? undefined : systemDataFolder);
