/** `service logs` of both programs. Flags in, one call; the journal shows itself. */
import { Flags } from '@oclif/core';
import { serviceVerbs } from '../../service/service-by-platform.ts';
import { scopeFlags, ServiceVerbCommand } from './service-verb-command.ts';

const logsFlags = {
  ...scopeFlags,
  follow: Flags.boolean({ char: 'f', summary: 'Go on with what comes, until Ctrl-C.' }),
  lines: Flags.integer({ char: 'n', summary: 'How many lines, the newest.', default: 50, min: 0, helpValue: 'NUMBER' }),
  since: Flags.string({
    summary: 'Only what is newer, as journalctl takes it: today, "1 hour ago", "2026-11-23 08:00".',
    helpValue: 'TIME',
  }),
};

export abstract class ServiceLogsCommand extends ServiceVerbCommand {
  static override flags = logsFlags;

  async run(): Promise<void> {
    const { flags } = await this.parse({ flags: logsFlags });
    await this.withWishes(flags, (wishes) =>
      serviceVerbs(wishes.host.platform).logs({
        ...wishes,
        isFollowed: flags.follow,
        lines: flags.lines,
        since: flags.since,
      }),
    );
  }
}
