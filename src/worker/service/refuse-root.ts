/** root in the data folder of a service: what it would write there the service could not change, or take away, any more. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../app-error.ts';
import { commandLine } from '../../command-line.ts';
import { exitCodes } from '../../exit-codes.ts';
import { packageFolder } from '../../package-folder.ts';
import { nameOf } from '../control/explain-forbidden.ts';

/**
 * @param command what the service's user would type: `stt run`.
 * @throws AppError STT_FOREIGN_DATA (exit 77) where root is to work with the outbox and the records of somebody else.
 */
export async function refuseRoot(dataFolder: string, command: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const folder = path.join(dataFolder, 'worker');
  const found = await stat(folder).catch(() => undefined);
  if (found === undefined || found.uid === 0) return;
  const user = await nameOf(found.uid);
  throw new AppError(`${folder} belongs to ${user}: what root leaves there that user could not change any more.`, {
    code: 'STT_FOREIGN_DATA',
    hint: instead(user, dataFolder, command),
    exitCode: exitCodes.noPermission,
  });
}

/** As `stt install-service` and the packages make the service of a machine. */
const service = { user: 'stt-worker', dataFolder: '/var/lib/stt', settings: '/etc/stt/worker.env' };

/** What root may type. Each of these was tried: by a plain runuser or sudo -u the settings would not be readable. Pure. */
export function instead(user: string, dataFolder: string, command: string): string {
  if (user !== service.user || dataFolder !== service.dataFolder) {
    const asUser = [
      'su',
      '-s',
      '/bin/sh',
      '-l',
      user,
      '-c',
      `${commandLine(['env', `STT_DATA_DIR=${dataFolder}`])} ${command}`,
    ];
    return `Do it as that user, who has settings of their own: ${commandLine(asUser)}`;
  }
  const restart = 'Start its service, which delivers what waits as well: systemctl restart stt-worker';
  if (command === 'stt run') return restart;
  const [, ...args] = command.split(' ');
  const itsProperties = [
    `User=${service.user}`,
    `LoadCredential=${path.basename(service.settings)}:${service.settings}`,
  ];
  const itsEnvironment = [`STT_ENV_FILE=${service.settings}`, `STT_DATA_DIR=${service.dataFolder}`];
  const withItsSettings = [
    'systemd-run',
    '--quiet',
    '--pipe',
    '--wait',
    '--collect',
    ...itsProperties.map((property) => `--property=${property}`),
    ...itsEnvironment.map((variable) => `--setenv=${variable}`),
    process.execPath,
    path.join(packageFolder, 'bin', 'stt.js'),
    ...args,
  ];
  return `${restart}\n  Or do it as the service would: ${commandLine(withItsSettings)}`;
}
