/** Refuses to open the library to a network by accident. Pure. */
import { isIP } from 'node:net';
import { AppError } from '../../src/app-error.ts';
import { exitCodes } from '../../src/exit-codes.ts';
import { plainAddress } from './trusted-proxies.ts';

export function isLoopback(host: string): boolean {
  const address = plainAddress(host.toLowerCase());
  return address === 'localhost' || address === '::1' || (isIP(address) === 4 && address.startsWith('127.'));
}

export type AddressOptions = { host: string; isAuthRequired: boolean; isInsecureAllowed: boolean };

/**
 * @returns a warning for the log, where everybody who reaches the server may use it and the operator wants that.
 * @throws AppError where it would be so and nobody said that it may.
 */
export function requireSafeAddress({ host, isAuthRequired, isInsecureAllowed }: AddressOptions): string | undefined {
  if (isAuthRequired || isLoopback(host)) return undefined;
  if (isInsecureAllowed) {
    return `everybody who reaches ${host} may fetch recordings and write transcripts: no token is needed (STT_INSECURE)`;
  }
  throw new AppError(`The server would listen on ${host} without asking anybody for a token.`, {
    code: 'STT_INSECURE',
    hint: 'Make a token for each worker: stt-server worker add NAME. Or, where everybody there may fetch recordings and write transcripts, set STT_INSECURE=true.',
    exitCode: exitCodes.config,
  });
}
