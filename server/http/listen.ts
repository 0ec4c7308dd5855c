/** Takes the address and the port, or says for people why that cannot be. */
import type { Server } from 'node:http';
import { AppError, messageOf, systemErrorCode } from '../../src/app-error.ts';
import { exitCodes } from '../../src/exit-codes.ts';

export async function listen(server: Server, host: string, port: number): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (error) {
    throw listenError(error, host, port);
  }
}

function listenError(cause: unknown, host: string, port: number): AppError {
  const code = 'STT_LISTEN';
  const systemCode = systemErrorCode(cause);
  if (systemCode === 'EADDRINUSE') {
    return new AppError(`Port ${port} on ${host} is in use by another program.`, {
      code,
      hint: `Stop that program (ss -ltnp "sport = :${port}" names it), or choose another port: --port NUMBER, or PORT in the settings.`,
      exitCode: exitCodes.unavailable,
      cause,
    });
  }
  if (systemCode === 'EACCES') {
    return new AppError(`This user may not listen on port ${port}.`, {
      code,
      hint: 'Choose a port above 1023: --port 8000, or PORT in the settings.',
      exitCode: exitCodes.noPermission,
      cause,
    });
  }
  return new AppError(`The server cannot listen on ${host}, port ${port}: ${messageOf(cause)}.`, {
    code,
    hint: 'Set HOST (or --host) to an address of this machine: 127.0.0.1, or 0.0.0.0 for all.',
    exitCode: exitCodes.config,
    cause,
  });
}
