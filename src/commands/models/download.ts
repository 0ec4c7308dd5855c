/** `stt models download`: brings models into the models folder. Flags in, one call, print. */
import { stat } from 'node:fs/promises';
import { Args, Flags } from '@oclif/core';
import { AppError } from '../../app-error.ts';
import { systemClock } from '../../clock.ts';
import { dataPaths } from '../../config/data-paths.ts';
import { dataFolder, loadWorkerSettings, proxyEnvironment, shortPath } from '../../config/load-settings.ts';
import { showDownload } from '../../download/show-download.ts';
import { exitCodes } from '../../exit-codes.ts';
import { describeModelDownload, downloadModel, type ProvidedModel } from '../../models/download-model.ts';
import { importModel } from '../../models/import-model.ts';
import { type CatalogueModel, readCatalogue, requireModel } from '../../models/model-catalogue.ts';
import { listenForShutdown } from '../../shutdown.ts';
import { BaseCommand } from '../base-command.ts';
import { explained } from './explained.ts';

export class DownloadModelsCommand extends BaseCommand {
  static override summary = 'Download models, verified by their SHA-256.';
  static override description = [
    'An interrupted download is gone on with. A model that is here is only verified. STT_MODEL_BASE_URL names a mirror, HTTPS_PROXY and NO_PROXY a proxy.',
    'Exit codes: 0 done; 2 no such model; 65 the file is another one, nothing was kept; 66 the file of --from cannot be read; 69 the server cannot be reached; 74 or 77 the models folder cannot be written, or is full; 75 another process downloads the same model; 78 a setting is wrong; 130 stopped by Ctrl-C.',
  ].join('\n\n');
  static override examples = [
    {
      description: 'A model, and the one that finds speech:',
      command: '<%= config.bin %> models download medium silero',
    },
    {
      description: 'From a disk, without a network:',
      command: '<%= config.bin %> models download medium --from /media/usb',
    },
    { description: 'What would be done:', command: '<%= config.bin %> models download large-v3-turbo --dry-run' },
  ];
  static override enableJsonFlag = true;
  // Several names.
  static override strict = false;
  static override args = {
    name: Args.string({ required: true, description: 'As `models list` shows it; several may be given.' }),
  };
  static override flags = {
    from: Flags.string({
      helpValue: 'FILE|DIR',
      description: 'Take it from this file, or from this folder by its own name, instead of the network.',
    }),
    'dry-run': Flags.boolean({ description: 'Say what would be done, and do nothing.' }),
  };

  override async run(): Promise<{ models: ProvidedModel[] } | { steps: string[] }> {
    const { argv, flags } = await this.parse(DownloadModelsCommand);
    const settings = loadWorkerSettings();
    const modelsFolder = dataPaths(dataFolder(settings)).models;
    const catalogue = readCatalogue();
    // All of them are looked up before the first one is fetched.
    const wanted = [...new Set((argv as string[]).map((name) => requireModel(catalogue, name)))];
    if (flags.from !== undefined) await refuseOneFileForMany(flags.from, wanted.length);
    using shutdown = listenForShutdown();

    if (flags['dry-run']) {
      const steps = await Promise.all(
        wanted.map((model) => this.describe(model, modelsFolder, settings.modelBaseUrl, flags.from)),
      );
      this.log(steps.flat().join('\n'));
      return { steps: steps.flat() };
    }
    const models: ProvidedModel[] = [];
    for (const model of wanted) {
      const provided = await explained(shutdown.drain, () =>
        this.provide(model, modelsFolder, settings.modelBaseUrl, flags.from, shutdown.drain),
      );
      this.say(describeProvided(provided));
      models.push(provided);
    }
    return { models };
  }

  private async describe(
    model: CatalogueModel,
    modelsFolder: string,
    baseUrl: string | undefined,
    from: string | undefined,
  ): Promise<string[]> {
    const steps = await describeModelDownload({ model, modelsFolder, baseUrl });
    return steps.map((step) => (from !== undefined && step.startsWith('#   from ') ? `#   copied from ${from}` : step));
  }

  private async provide(
    model: CatalogueModel,
    modelsFolder: string,
    baseUrl: string | undefined,
    from: string | undefined,
    signal: AbortSignal,
  ): Promise<ProvidedModel> {
    using shown = showDownload(model.name, systemClock);
    const common = { model, modelsFolder, clock: systemClock, signal, onVerify: shown.onVerify };
    if (from !== undefined) return await importModel({ ...common, from });
    return await downloadModel({ ...common, baseUrl, proxy: proxyEnvironment(), onProgress: shown.onProgress });
  }
}

async function refuseOneFileForMany(from: string, count: number): Promise<void> {
  if (count === 1) return;
  const isFolder = await stat(from).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (isFolder) return;
  throw new AppError('One file cannot be several models.', {
    code: 'STT_USAGE',
    hint: 'Name one model, or in --from the folder in which they lie.',
    exitCode: exitCodes.usage,
  });
}

const outcomes: Record<ProvidedModel['outcome'], string> = {
  there: 'there already, verified',
  downloaded: 'downloaded and verified',
  unpacked: 'unpacked and verified',
  imported: 'copied and verified',
};

function describeProvided({ name, file, outcome, hasReplaced }: ProvidedModel): string {
  const replaced = hasReplaced ? '; what had its name before was another file, and is gone' : '';
  return `${name}: ${outcomes[outcome]}${replaced}: ${shortPath(file)}`;
}
