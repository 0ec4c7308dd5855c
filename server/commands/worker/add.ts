/** `stt-server worker add`: a token for a worker, shown once. */
import { randomBytes } from 'node:crypto';
import { Args, Flags } from '@oclif/core';
import { AppError } from '../../../src/app-error.ts';
import { systemClock } from '../../../src/clock.ts';
import { exitCodes } from '../../../src/exit-codes.ts';
import { type Role, roles } from '../../queue/credentials.ts';
import { databaseFlag, StoreCommand } from '../store-command.ts';

export class AddWorkerCommand extends StoreCommand {
  static override summary = 'Make a token for a worker, and show it once.';
  static override description = `As soon as there is one token, nobody gets in without (unless STT_AUTH says otherwise); a running server notices within seconds. The server keeps only a hash of it: a token that is lost is revoked, and another one made.

Standard output is the token alone, what to do with it is said on standard error.`;
  static override examples = [
    { description: 'A token for a worker', command: '<%= config.bin %> worker add gaming-pc' },
    { description: 'For the calls below /api', command: '<%= config.bin %> worker add admin --role admin' },
    { description: 'For Prometheus', command: '<%= config.bin %> worker add prometheus --role metrics' },
  ];
  static override args = { name: Args.string({ required: true, description: 'What it is called in logs and lists.' }) };
  static override flags = {
    role: Flags.option({ options: roles, default: 'worker' as const, summary: 'What it is good for.' })(),
    database: databaseFlag,
  };

  async run(): Promise<object> {
    const { args, flags } = await this.parse(AddWorkerCommand);
    const { name } = args;
    const role: Role = flags.role;
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/u.test(name)) {
      throw new AppError(`"${name}" is not a name for a worker.`, {
        code: 'STT_USAGE',
        hint: 'Take letters, digits, dots, hyphens and underscores, 64 at most, and begin with a letter or digit.',
        exitCode: exitCodes.usage,
      });
    }
    const { makeToken, tokenSha256 } = await import('../../access/token.ts');
    const token = makeToken(role, randomBytes);
    using opened = await this.openStore(flags.database, true);
    if (!opened.store.addCredential({ name, role, tokenSha256: tokenSha256(token) }, systemClock.now())) {
      throw new AppError(`There is a token for "${name}" already.`, {
        code: 'STT_WORKER_EXISTS',
        hint: `Take another name, or revoke that one first: stt-server worker revoke ${name}`,
        exitCode: exitCodes.usage,
      });
    }
    this.logToStderr(`The token of ${name} (${role}). It is shown only now:\n`);
    this.log(token);
    for (const line of howToUse(name, role)) this.logToStderr(line);
    return { name, role, token };
  }
}

function howToUse(name: string, role: Role): string[] {
  if (role === 'worker') {
    return [
      '',
      'On the worker:  stt config set STT_TOKEN',
      `A worker of the Python ancestor:  AUTH_ENABLED=true, USERNAME=${name}, PASSWORD=the token above`,
    ];
  }
  return ['', 'Send it as `Authorization: Bearer TOKEN`, or as the password of HTTP Basic.'];
}
