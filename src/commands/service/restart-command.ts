/** `service restart` of both programs. Flags in, one call, print. */
import { serviceVerbs } from '../../service/service-by-platform.ts';
import { scopeFlags, ServiceVerbCommand } from './service-verb-command.ts';

export abstract class RestartServiceCommand extends ServiceVerbCommand {
  static override enableJsonFlag = true;
  static override flags = scopeFlags;

  async run(): Promise<object> {
    const { flags } = await this.parse({ flags: scopeFlags, enableJsonFlag: true });
    return this.withWishes(flags, (wishes) => serviceVerbs(wishes.host.platform).restart(wishes));
  }
}
