/** `stt models remove`: takes a model out of the models folder. Flags in, one call, print. */
import { Args, Flags } from '@oclif/core';
import { AppError } from '../../app-error.ts';
import { systemClock } from '../../clock.ts';
import { dataPaths } from '../../config/data-paths.ts';
import { dataFolder, loadWorkerSettings, shortPath } from '../../config/load-settings.ts';
import { exitCodes } from '../../exit-codes.ts';
import { readCatalogue } from '../../models/model-catalogue.ts';
import { planRemoval, type Removal, removeModel } from '../../models/remove-model.ts';
import { askOnTerminal } from '../../setup/ask-on-terminal.ts';
import { listenForShutdown } from '../../shutdown.ts';
import { BaseCommand } from '../base-command.ts';
import { explained } from './explained.ts';
import { modelsInUse } from './models-in-use.ts';

export class RemoveModelCommand extends BaseCommand {
  static override summary = 'Remove a model from the models folder.';
  static override description = [
    'Asks first. With the model goes what an interrupted download left of it.',
    'Exit codes: 0 done, also where it was not here; 2 no such model, it is in use, or nobody can be asked; 74 or 77 the folder cannot be written; 75 it is being downloaded; 78 a setting is wrong; 130 stopped by Ctrl-C, or the answer was no.',
  ].join('\n\n');
  static override examples = [
    { description: 'One that is not needed any more:', command: '<%= config.bin %> models remove large-v2' },
    { description: 'In a script:', command: '<%= config.bin %> models remove large-v2 --yes' },
  ];
  static override enableJsonFlag = true;
  static override args = {
    name: Args.string({ required: true, description: 'As `models list` shows it.' }),
  };
  static override flags = {
    force: Flags.boolean({ description: 'Also the one that STT_MODEL or VAD_MODEL names.' }),
    yes: Flags.boolean({ char: 'y', description: 'Do not ask.' }),
    'dry-run': Flags.boolean({ description: 'Say what would be removed, and remove nothing.' }),
  };

  override async run(): Promise<Removal & { isRemoved: boolean }> {
    const { args, flags } = await this.parse(RemoveModelCommand);
    const settings = loadWorkerSettings();
    const paths = dataPaths(dataFolder(settings));
    using shutdown = listenForShutdown();
    return await explained(shutdown.drain, async () => {
      const removal = await planRemoval({
        name: args.name,
        catalogue: readCatalogue(),
        modelsFolder: paths.models,
        inUse: modelsInUse(settings, paths),
        isForced: flags.force,
        nowMs: systemClock.now(),
      });
      const isHere = removal.files.length > 0;
      for (const file of removal.files) this.say(shortPath(file));
      const size = `${(removal.sizeBytes / 1e6).toFixed(1)} MB`;
      if (!isHere) this.say(`${removal.name} is not here.`);
      else if (flags['dry-run']) this.say(`Would be removed: ${size}.`);
      if (!isHere || flags['dry-run']) return { ...removal, isRemoved: false };
      if (!flags.yes) await this.confirm(removal.name, shutdown.drain);
      await removeModel(removal, paths.models);
      this.say(`Removed: ${size}.`);
      return { ...removal, isRemoved: true };
    });
  }

  /** @throws AppError where nobody can be asked, or the answer is no. */
  private async confirm(name: string, signal: AbortSignal): Promise<void> {
    const canAsk = process.stdin.isTTY && process.stderr.isTTY && !this.jsonEnabled();
    if (canAsk && (await askOnTerminal(`Remove ${name}?`, signal))) return;
    throw new AppError('Nothing was removed.', {
      code: 'STT_NOT_CONFIRMED',
      hint: 'With --yes nobody is asked.',
      exitCode: canAsk ? exitCodes.interrupted : exitCodes.usage,
    });
  }
}
