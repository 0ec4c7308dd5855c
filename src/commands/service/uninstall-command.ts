/** `uninstall-service` of both programs. Flags in, one call, print. */
import { Flags } from '@oclif/core';
import { serviceVerbs } from '../../service/service-by-platform.ts';
import type { UninstallReport } from '../../service/uninstall-on-systemd.ts';
import { changeFlags, ServiceVerbCommand } from './service-verb-command.ts';

export const uninstallFlags = {
  ...changeFlags,
  force: Flags.boolean({ summary: 'Remove also what somebody changed, without a question.' }),
};

export const uninstallDescription = [
  'Stops it, and takes back all that install-service made: the unit, drop-ins, labels, lingering where it was off before. Settings, data and users stay, and so does what a package brought.',
  'Exit codes: 0 done, also where there was nothing; 2 somebody changed the unit, and nobody could be asked; 77 it takes root.',
].join('\n\n');

export abstract class UninstallCommand extends ServiceVerbCommand {
  static override enableJsonFlag = true;
  static override flags = uninstallFlags;

  async run(): Promise<UninstallReport> {
    const { flags } = await this.parse({ flags: uninstallFlags, enableJsonFlag: true });
    const report = await this.withWishes(flags, (wishes) =>
      serviceVerbs(wishes.host.platform).uninstall({ ...wishes, ...this.changeOf(flags) }),
    );
    return this.showSteps(report);
  }
}
