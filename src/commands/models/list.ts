/** `stt models list`: which models there are, and which are here. Flags in, one call, print. */
import { Flags } from '@oclif/core';
import { dataPaths } from '../../config/data-paths.ts';
import { dataFolder, loadWorkerSettings, shortPath } from '../../config/load-settings.ts';
import { readCatalogue } from '../../models/model-catalogue.ts';
import { type ListedModel, listModels } from '../../models/model-folder.ts';
import { tableLines } from '../../print-table.ts';
import { BaseCommand } from '../base-command.ts';
import { modelsInUse } from './models-in-use.ts';

export class ListModelsCommand extends BaseCommand {
  static override summary = 'List the models that can be downloaded, and those that are here.';
  static override description = [
    'Memory is what a model needs while it transcribes. Speed is relative: a large model is 1. A name with .en knows English only; q5 and q8 are smaller, and a little less exact. silero finds speech (voice activity detection). "downloaded" means that the file has not been compared with its SHA-256 yet. In a pipe: name, bytes, languages, bytes of memory, speed, state, "in use" or nothing, purpose, with tabs between.',
    'Exit codes: 0 done; 74 or 77 the models folder cannot be read; 78 a setting is wrong.',
  ].join('\n\n');
  static override examples = [
    { description: 'All models:', command: '<%= config.bin %> models list' },
    { description: 'Those on this machine:', command: '<%= config.bin %> models list --here' },
  ];
  static override enableJsonFlag = true;
  static override flags = {
    here: Flags.boolean({ description: 'Only those that are in the models folder, or partly.' }),
  };

  override async run(): Promise<object> {
    const { flags } = await this.parse(ListModelsCommand);
    const settings = loadWorkerSettings();
    const paths = dataPaths(dataFolder(settings));
    const listed = await listModels(readCatalogue(), paths.models, Object.values(modelsInUse(settings, paths)));
    const shown = flags.here ? listed.filter(({ state }) => state !== 'absent') : listed;
    const isForPeople = process.stdout.isTTY && !this.jsonEnabled();
    const rows = shown.map((each) => (isForPeople ? rowForPeople(each) : rowForPrograms(each)));
    if (shown.length > 0) for (const line of tableLines(headings, rows, isForPeople)) this.log(line);
    else this.logToStderr(`There are none in ${shortPath(paths.models)}.`);
    return { folder: paths.models, models: shown.map(describe) };
  }
}

const headings = ['NAME', 'SIZE', 'LANGUAGES', 'MEMORY', 'SPEED', 'STATE', 'GOOD FOR'];

function rowForPeople({ name, model, state, sizeBytes, isInUse }: ListedModel): string[] {
  const percent = model === undefined ? '' : ` ${Math.floor((sizeBytes / model.sizeBytes) * 100)}%`;
  const shownState = state === 'absent' ? '' : state === 'partial' ? `partial${percent}` : state;
  return [
    name,
    amount(model?.sizeBytes ?? sizeBytes),
    languagesOf(model),
    model === undefined ? '' : amount(model.memoryBytes),
    model?.relativeSpeed === undefined ? '' : `${model.relativeSpeed}x`,
    isInUse ? `${shownState === '' ? 'not here' : shownState}, in use` : shownState,
    model?.purpose ?? 'your own',
  ];
}

function rowForPrograms(listed: ListedModel): string[] {
  const { name, sizeBytes, languages, memoryBytes, relativeSpeed, state, inUse, purpose } = describe(listed);
  const cell = (value: number | null): string => (value === null ? '' : String(value));
  const known = languages === null ? '' : languages === 'all' ? 'all' : languages.join(',');
  return [
    name,
    String(sizeBytes),
    known,
    cell(memoryBytes),
    cell(relativeSpeed),
    state,
    inUse ? 'in use' : '',
    purpose ?? '',
  ];
}

/** As `--json` shows it. */
function describe({ name, file, model, state, sizeBytes, isInUse }: ListedModel) {
  return {
    name,
    file,
    kind: model?.kind ?? null,
    state,
    inUse: isInUse,
    sizeBytes: model?.sizeBytes ?? sizeBytes,
    /** On the disk. */
    presentBytes: sizeBytes,
    languages: model?.languages ?? null,
    memoryBytes: model?.memoryBytes ?? null,
    relativeSpeed: model?.relativeSpeed ?? null,
    sha256: model?.sha256 ?? null,
    sha1: model?.sha1 ?? null,
    purpose: model?.purpose ?? null,
  };
}

function languagesOf(model: ListedModel['model']): string {
  if (model === undefined || model.kind === 'vad') return '';
  return model.languages === 'all' ? 'all' : model.languages.join(' ');
}

const amount = (bytes: number): string =>
  bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.ceil(bytes / 1e6)} MB`;
