/** `stt models verify`: reads models and compares them with the catalogue. Flags in, one call, print. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { Args } from '@oclif/core';
import { systemClock } from '../../clock.ts';
import { dataPaths } from '../../config/data-paths.ts';
import { dataFolder, loadWorkerSettings, shortPath } from '../../config/load-settings.ts';
import { showDownload } from '../../download/show-download.ts';
import { exitCodes } from '../../exit-codes.ts';
import {
  type Catalogue,
  type CatalogueModel,
  findModel,
  plainName,
  readCatalogue,
  requireModel,
} from '../../models/model-catalogue.ts';
import { listModels } from '../../models/model-folder.ts';
import { type Verification, verifyModel } from '../../models/verify-model.ts';
import { listenForShutdown } from '../../shutdown.ts';
import { BaseCommand } from '../base-command.ts';
import { explained } from './explained.ts';
import { modelsInUse } from './models-in-use.ts';

/** Of so much nobody need be told how far it is. */
const quicklyReadBytes = 200_000_000;

type Verified = { name: string; file: string; state: Verification['kind']; detail: string };

export class VerifyModelsCommand extends BaseCommand {
  static override summary = 'Read models again and compare them with the catalogue.';
  static override description = [
    'Without a name: all that are in the models folder, and the one in use. Reads every byte, whatever was found before. Removes and changes nothing. A model that is not in the catalogue is your own: its SHA-256 is shown.',
    'Exit codes: 0 all are the right ones, or your own; 2 no such model; 65 one is wrong; 66 one that was named is not here; 74 or 77 a file cannot be read; 78 a setting is wrong; 130 stopped by Ctrl-C.',
  ].join('\n\n');
  static override examples = [
    { description: 'All:', command: '<%= config.bin %> models verify' },
    { description: 'One of them:', command: '<%= config.bin %> models verify medium' },
  ];
  static override enableJsonFlag = true;
  // Several names.
  static override strict = false;
  static override args = {
    name: Args.string({ description: 'As `models list` shows it, or a file; several may be given.' }),
  };

  override async run(): Promise<{ models: Verified[] }> {
    const { argv } = await this.parse(VerifyModelsCommand);
    const settings = loadWorkerSettings();
    const paths = dataPaths(dataFolder(settings));
    const catalogue = readCatalogue();
    const names = argv as string[];
    using shutdown = listenForShutdown();
    const models = await explained(shutdown.drain, async () => {
      const used = Object.values(modelsInUse(settings, paths));
      const files =
        names.length === 0
          ? await filesHere(catalogue, paths.models, used)
          : names.map((name) => fileOf(name, catalogue, paths.models));
      const found: Verified[] = [];
      for (const file of files) found.push(await this.verify(file, catalogue, paths.models, shutdown.drain));
      return found;
    });
    if (models.length === 0) this.logToStderr(`There are none in ${shortPath(paths.models)}.`);
    const states = new Set(models.map(({ state }) => state));
    if (states.has('wrong')) process.exitCode = exitCodes.data;
    else if (states.has('missing')) process.exitCode = exitCodes.noInput;
    return { models };
  }

  private async verify(
    file: string,
    catalogue: Catalogue,
    modelsFolder: string,
    signal: AbortSignal,
  ): Promise<Verified> {
    const name = plainName(path.basename(file));
    const verification = await read();
    const detail = describeVerification(name, file, findModel(catalogue, name), verification);
    this.log(`${name}: ${detail}`);
    return { name, file, state: verification.kind, detail };

    /** The bar is gone before anything is printed. */
    async function read(): Promise<Verification> {
      using shown = showDownload(`verify ${name}`, systemClock);
      const onProgress = (readBytes: number, totalBytes: number): void => {
        if (totalBytes > quicklyReadBytes) shown.onProgress(readBytes, totalBytes);
      };
      return await verifyModel(file, {
        catalogue,
        modelsFolder,
        isThorough: true,
        onProgress,
        signal,
      });
    }
  }
}

/** Those in the folder, and those that the settings name elsewhere. */
async function filesHere(catalogue: Catalogue, modelsFolder: string, inUse: readonly string[]): Promise<string[]> {
  const listed = await listModels(catalogue, modelsFolder, inUse);
  const here = listed.filter(({ state }) => !['absent', 'partial'].includes(state)).map(({ file }) => file);
  return [...new Set([...here, ...inUse.filter((file) => existsSync(file))])];
}

function fileOf(name: string, catalogue: Catalogue, modelsFolder: string): string {
  const isPath = name.includes('/') || name.includes(path.sep);
  if (isPath) return path.resolve(name);
  const own = path.join(modelsFolder, `ggml-${plainName(name)}.bin`);
  if (findModel(catalogue, name) === undefined && existsSync(own)) return own;
  return path.join(modelsFolder, requireModel(catalogue, name).file);
}

/** @param known the model that is called so, if there is any. */
function describeVerification(
  name: string,
  file: string,
  known: CatalogueModel | undefined,
  verification: Verification,
): string {
  const { kind } = verification;
  if (kind === 'unknown') return `not in the catalogue, your own; SHA-256 ${verification.sha256}`;
  if (kind === 'missing' && known === undefined) return `there is no file ${shortPath(file)}`;
  if (kind === 'missing') return `not here; get it with "stt models download ${name}"`;
  const { model } = verification;
  if (kind === 'verified') return model.name === name ? 'verified' : `verified: it is ${model.name}`;
  return [
    `WRONG: expected ${verification.expected}, found ${verification.found}.`,
    `Get the right one with "stt models download ${model.name}"; a model of your own needs a name of its own.`,
  ].join(' ');
}
