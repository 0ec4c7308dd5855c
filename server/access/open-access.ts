/** Access as the settings want it, before the first connection is taken: an open server is one only where somebody said so. */
import type { Clock } from '../../src/clock.ts';
import type { ServerSettings } from '../../src/config/server-settings.ts';
import type { Logger } from '../../src/logger.ts';
import { Access, type AccessOptions } from './access.ts';
import { requireSafeAddress } from './require-safe-address.ts';

export type OpenAccessOptions = Pick<AccessOptions, 'credentials' | 'metrics'> & {
  settings: Pick<ServerSettings, 'host' | 'auth' | 'insecure'>;
  clock: Clock;
  logger: Logger;
};

/** @throws AppError where the server would be open to a network by accident. */
export async function openAccess({ settings, ...shared }: OpenAccessOptions): Promise<Access> {
  const { credentials, logger } = shared;
  const access = new Access({ ...shared, isRequired: settings.auth });
  const isAuthRequired = await access.isRequired();
  const warning = requireSafeAddress({ host: settings.host, isAuthRequired, isInsecureAllowed: settings.insecure });
  if (warning !== undefined) logger.warn(warning);
  if (isAuthRequired && !(await credentials.hasCredentials())) {
    logger.warn('nobody gets in: STT_AUTH is true and there is no token yet (stt-server worker add NAME)');
  }
  return access;
}
