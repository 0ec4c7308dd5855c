/** `service status` of both programs. Flags in, one call, print. */
import { exitCodes } from '../../exit-codes.ts';
import { describeServiceStatus, type ServiceStatus } from '../../service/look-at-service.ts';
import { serviceVerbs } from '../../service/service-by-platform.ts';
import { scopeFlags, ServiceVerbCommand } from './service-verb-command.ts';

export const statusDescription =
  'Without --user and --system: for root that of the machine, for others their own, else that of the machine.\n\nExit codes: 0 it is active; 69 it is not, or there is none.';

export abstract class ServiceStatusCommand extends ServiceVerbCommand {
  static override enableJsonFlag = true;
  static override flags = scopeFlags;

  async run(): Promise<ServiceStatus> {
    const { flags } = await this.parse({ flags: scopeFlags, enableJsonFlag: true });
    const status = await this.withWishes(flags, (wishes) => serviceVerbs(wishes.host.platform).status(wishes));
    for (const line of describeServiceStatus(status, this.program.bin)) this.log(line);
    if (!status.isActive) process.exitCode = exitCodes.unavailable;
    return status;
  }
}
