/** root in the data folder of a service: what it would write there the service could not change, or take away, any more. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../app-error.ts';
import { exitCodes } from '../../exit-codes.ts';
import { nameOf, quoted } from '../control/explain-forbidden.ts';

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
  const asUser = `runuser -u ${quoted(user)} -- env STT_DATA_DIR=${quoted(dataFolder)} ${command}`;
  throw new AppError(`${folder} belongs to ${user}: what root leaves there that user could not change any more.`, {
    code: 'STT_FOREIGN_DATA',
    hint: `Start its service, which delivers what waits as well (systemctl restart stt-worker), or do it as that user, with the settings that root's file has: ${asUser}`,
    exitCode: exitCodes.noPermission,
  });
}
