/** `stt outbox list`: what waits to be delivered, and what the server refused. Flags in, one call, print. */
import path from 'node:path';
import { Flags } from '@oclif/core';
import { systemClock } from '../../clock.ts';
import { dataPaths } from '../../config/data-paths.ts';
import { dataFolder, loadWorkerSettings, shortPath } from '../../config/load-settings.ts';
import { tableLines } from '../../print-table.ts';
import { type ListedLetter, listLetters } from '../../worker/outbox/list-letters.ts';
import { clockTime, shortId } from '../../worker/report/describe-event.ts';
import { BaseCommand } from '../base-command.ts';

export class ListOutboxCommand extends BaseCommand {
  static override summary = 'List transcripts and error reports that wait in the outbox, and those that were refused.';
  static override description = [
    'Only looks; the worker may run or not. The owner says who delivers a letter that waits: a worker that is running here, one elsewhere (another machine or container with this data folder), or nobody, because its worker has ended: then the next worker, or `stt outbox flush`. In a pipe: state, task, kind, age in seconds, bytes, owner, file, reason, with tabs between.',
    'Exit codes: 0 done, also where there are none; 74 or 77 the outbox cannot be read; 78 a setting is wrong.',
  ].join('\n\n');
  static override examples = [
    { description: 'What is there:', command: '<%= config.bin %> outbox list' },
    { description: 'Why transcripts were refused:', command: '<%= config.bin %> outbox list --refused --json' },
  ];
  static override enableJsonFlag = true;
  static override flags = {
    refused: Flags.boolean({ description: 'Only those that the server refused.' }),
  };

  override async run(): Promise<object> {
    const { flags } = await this.parse(ListOutboxCommand);
    const folder = dataPaths(dataFolder(loadWorkerSettings())).outbox;
    const letters = await listLetters(folder, { waiting: !flags.refused, refused: true });
    const now = systemClock.now();
    const isForPeople = process.stdout.isTTY && !this.jsonEnabled();
    const rows = letters.map((letter) => rowOf(letter, now, isForPeople));
    if (letters.length > 0) for (const line of tableLines(headings, rows, isForPeople)) this.log(line);
    else this.logToStderr(`There are none in ${shortPath(folder)}.`);
    const waiting = letters.filter(({ state }) => state === 'waiting').length;
    return {
      folder,
      ...(flags.refused ? {} : { waiting }),
      refused: letters.length - waiting,
      letters: letters.map((letter) => describeLetter(letter, now)),
    };
  }
}

const headings = ['STATE', 'TASK', 'KIND', 'AGE', 'BYTES', 'OWNER', 'FILE', 'REASON'];

function rowOf(listed: ListedLetter, now: number, isForPeople: boolean): string[] {
  const { task, kind, ageSeconds, owner, reason } = describeLetter(listed, now);
  const id = task ?? '-';
  return [
    listed.state,
    isForPeople ? shortId(id) : id,
    kind ?? 'not a letter',
    isForPeople ? clockTime(ageSeconds) : String(ageSeconds),
    String(listed.sizeBytes),
    owner ?? '-',
    isForPeople ? path.basename(listed.file) : listed.file,
    reason ?? '',
  ];
}

/** As `--json` shows it. */
function describeLetter({ file, state, letter, postedAtMs, sizeBytes, owner, reason }: ListedLetter, now: number) {
  return {
    file,
    state,
    task: letter?.message.id ?? null,
    kind: letter?.kind ?? null,
    ageSeconds: Math.max(0, Math.round((now - postedAtMs) / 1000)),
    sizeBytes,
    /** What was refused is nobody's any more. */
    owner: state === 'waiting' ? owner : null,
    reason: reason ?? null,
  };
}
