/** `stt outbox export`: transcripts and error reports as files for a person. Flags in, one call, print. */
import path from 'node:path';
import { Args, Flags } from '@oclif/core';
import { AppError } from '../../app-error.ts';
import { dataPaths } from '../../config/data-paths.ts';
import { dataFolder, loadWorkerSettings, shortPath } from '../../config/load-settings.ts';
import { exitCodes } from '../../exit-codes.ts';
import { type Exported, exportLetters } from '../../worker/outbox/export-letters.ts';
import { listLetters } from '../../worker/outbox/list-letters.ts';
import { BaseCommand } from '../base-command.ts';

export class ExportOutboxCommand extends BaseCommand {
  static override summary = 'Write what lies in the outbox into a folder, as files for a person.';
  static override description = [
    'Each transcript becomes ID.vtt, each error report ID.error.txt. Nothing leaves the outbox, and no file is overwritten: another text under the same id gets a longer name. Doing it again writes only what is new.',
    'Exit codes: 0 done; 74 or 77 the outbox cannot be read, or the folder not written; 78 a setting is wrong.',
  ].join('\n\n');
  static override examples = [
    { description: 'What the server refused:', command: '<%= config.bin %> outbox export ./refused --refused' },
    { description: 'What would be written:', command: '<%= config.bin %> outbox export ./here --all --dry-run' },
  ];
  static override enableJsonFlag = true;
  static override args = {
    folder: Args.string({ required: true, description: 'Where the files go; it is made.', parse: notEmpty }),
  };
  static override flags = {
    refused: Flags.boolean({ description: 'What the server refused, instead of what waits.', exclusive: ['all'] }),
    all: Flags.boolean({ description: 'What waits, and what the server refused.' }),
    'dry-run': Flags.boolean({ description: 'Say what would be written, and write nothing.' }),
  };

  override async run(): Promise<{ folder: string; exported: Exported[] }> {
    const { args, flags } = await this.parse(ExportOutboxCommand);
    const selection = { waiting: !flags.refused, refused: flags.refused || flags.all };
    const letters = await listLetters(dataPaths(dataFolder(loadWorkerSettings())).outbox, selection);
    const folder = path.resolve(args.folder);
    const exported = await exportLetters(letters, folder, flags['dry-run']);
    for (const { outcome, file } of exported) {
      if (outcome === 'written') this.log(file);
      else if (outcome === 'not a letter') this.logToStderr(`Not a letter, left out: ${shortPath(file)}`);
    }
    const count = (wanted: Exported['outcome']): number => exported.filter(({ outcome }) => outcome === wanted).length;
    const verb = flags['dry-run'] ? 'would be written' : 'written';
    this.logToStderr(`${count('written')} ${verb} to ${shortPath(folder)}, ${count('kept')} were there already.`);
    return { folder, exported };
  }
}

function notEmpty(folder: string): Promise<string> {
  if (folder.trim() !== '') return Promise.resolve(folder);
  throw new AppError('The folder has no name.', {
    code: 'STT_USAGE',
    hint: 'See stt outbox export --help.',
    exitCode: exitCodes.usage,
  });
}
