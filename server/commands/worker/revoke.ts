/** `stt-server worker revoke`: a token is good for nothing any more, and what its worker had is offered again. */
import { Args } from '@oclif/core';
import { AppError } from '../../../src/app-error.ts';
import { systemClock } from '../../../src/clock.ts';
import { exitCodes } from '../../../src/exit-codes.ts';
import { databaseFlag, StoreCommand } from '../store-command.ts';

export class RevokeWorkerCommand extends StoreCommand {
  static override summary = 'Revoke a token: it is refused from the next request on, and its tasks are offered again.';
  static override examples = [{ description: 'A machine was lost', command: '<%= config.bin %> worker revoke laptop' }];
  static override args = { name: Args.string({ required: true, description: 'As `worker list` shows it.' }) };
  static override flags = { database: databaseFlag };

  async run(): Promise<object> {
    const { args, flags } = await this.parse(RevokeWorkerCommand);
    using opened = await this.openStore(flags.database);
    const leases = opened.store.revokeCredential(args.name, systemClock.now());
    if (leases === undefined) {
      throw new AppError(`There is no token for "${args.name}".`, {
        code: 'STT_WORKER_UNKNOWN',
        hint: 'See `stt-server worker list`.',
        exitCode: exitCodes.noInput,
      });
    }
    this.log(`The token of ${args.name} is revoked; tasks it had: ${leases}.`);
    return { name: args.name, leases_ended: leases };
  }
}
