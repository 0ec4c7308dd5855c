/** `stt-server worker list`: who has a token. */
import { databaseFlag, StoreCommand } from '../store-command.ts';

export class ListWorkersCommand extends StoreCommand {
  static override summary = 'List tokens: name, role, when made, when it last got a task, whether revoked.';
  static override examples = [
    { description: 'Who has a token?', command: '<%= config.bin %> worker list' },
    { description: 'For a script', command: '<%= config.bin %> worker list --json' },
  ];
  static override flags = { database: databaseFlag };

  async run(): Promise<object> {
    const { flags } = await this.parse(ListWorkersCommand);
    using opened = await this.openStore(flags.database);
    const { tableLines } = await import('../../../src/print-table.ts');
    const { shownTime } = await import('../shown-time.ts');
    const credentials = opened.store.listCredentials();
    const rows = credentials.map(({ name, role, createdAt, lastGrantAt, revokedAt }) => [
      name,
      role,
      shownTime(createdAt),
      shownTime(lastGrantAt),
      shownTime(revokedAt),
    ]);
    const lines = tableLines(['NAME', 'ROLE', 'MADE', 'LAST TASK', 'REVOKED'], rows, this.isForPeople);
    for (const line of lines) this.log(line);
    if (rows.length === 0) this.logToStderr('There are no tokens: `stt-server worker add NAME` makes one.');
    return {
      workers: credentials.map(({ name, role, createdAt, lastGrantAt, revokedAt }) => ({
        name,
        role,
        created_at: iso(createdAt),
        last_grant_at: iso(lastGrantAt),
        revoked_at: iso(revokedAt),
      })),
    };
  }
}

const iso = (at: number | undefined): string | null => (at === undefined ? null : new Date(at).toISOString());
