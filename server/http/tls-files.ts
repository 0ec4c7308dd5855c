/**
 * The certificate and its key: read and proven to fit at the start, and again when the files change, so that a renewal needs no
 * restart. A new pair that does not fit is told in the log, and the old one stays.
 */
import { readFile, stat } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { AppError, messageOf } from '../../src/app-error.ts';
import { exitCodes } from '../../src/exit-codes.ts';
import type { Logger } from '../../src/logger.ts';

export type TlsPair = { cert: Buffer; key: Buffer; minVersion: 'TLSv1.2' };
export type TlsPaths = { cert: string; key: string };

/** @throws AppError where only one of the two is set. */
export function tlsPathsOf(settings: {
  tlsCert: string | undefined;
  tlsKey: string | undefined;
}): TlsPaths | undefined {
  const { tlsCert: cert, tlsKey: key } = settings;
  if (cert === undefined && key === undefined) return undefined;
  if (cert !== undefined && key !== undefined) return { cert, key };
  throw new AppError(`${cert === undefined ? 'STT_TLS_KEY' : 'STT_TLS_CERT'} is set without the other of the two.`, {
    code: 'STT_TLS',
    hint: 'Set both STT_TLS_CERT and STT_TLS_KEY, or none of them.',
    exitCode: exitCodes.config,
  });
}

/** @throws AppError where the files cannot be read or do not fit. */
export async function readTlsPair({ cert, key }: TlsPaths): Promise<TlsPair> {
  try {
    const pair = { cert: await readFile(cert), key: await readFile(key), minVersion: 'TLSv1.2' } as const;
    createSecureContext(pair);
    return pair;
  } catch (error) {
    throw new AppError(`The TLS certificate ${cert} with the key ${key} cannot be used: ${messageOf(error)}.`, {
      code: 'STT_TLS',
      hint: 'Name a PEM certificate chain and its PEM private key, not encrypted, that this user may read.',
      exitCode: exitCodes.config,
      cause: error,
    });
  }
}

/** Looks for new files, until it is stopped. */
export class TlsRenewal {
  readonly #paths: TlsPaths;
  readonly #logger: Logger;
  readonly #timer: NodeJS.Timeout;
  #seen: string | undefined;

  constructor(paths: TlsPaths, options: { everyMs: number; logger: Logger; onPair: (pair: TlsPair) => void }) {
    this.#paths = paths;
    this.#logger = options.logger;
    void this.#look().then((seen) => (this.#seen = seen));
    this.#timer = setInterval(() => void this.#renew(options.onPair), options.everyMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #renew(onPair: (pair: TlsPair) => void): Promise<void> {
    const seen = await this.#look();
    if (this.#seen === undefined || seen === this.#seen) return;
    this.#seen = seen;
    try {
      onPair(await readTlsPair(this.#paths));
      this.#logger.info({ cert: this.#paths.cert }, 'the TLS certificate was renewed');
    } catch (error) {
      this.#logger.error({ reason: messageOf(error) }, 'the new TLS certificate cannot be used; the old one stays');
    }
  }

  /** Changes whenever one of the files does, also where a link to them is turned. */
  async #look(): Promise<string> {
    const marks = [this.#paths.cert, this.#paths.key].map(async (file) => {
      const { ino, size, mtimeMs } = await stat(file);
      return `${ino} ${size} ${mtimeMs}`;
    });
    return (await Promise.all(marks).catch((error: unknown) => [messageOf(error)])).join(', ');
  }
}
