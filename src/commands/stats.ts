/** `stt stats`: what this worker has done. Flags in, one call, print. */
import { styleText } from 'node:util';
import { Flags } from '@oclif/core';
import { systemClock } from '../clock.ts';
import { dataPaths } from '../config/data-paths.ts';
import { dataFolder, loadWorkerSettings, shortPath } from '../config/load-settings.ts';
import { parseSince, startOfDays } from '../worker/records/parse-since.ts';
import { readStats, type ReadStats } from '../worker/records/read-stats.ts';
import { statsLines } from '../worker/records/stats-lines.ts';
import { BaseCommand } from './base-command.ts';

export class StatsCommand extends BaseCommand {
  static override summary = 'What this worker has done: hours of audio, speed, failures by reason, by day.';
  static override description = [
    'Counts the records in the data folder; the worker need not run. Days are those of the local time zone; days without work are not shown. Numbers and ids in the reasons of failures are written N, so that equal faults are counted together.',
    'Exit codes: 0 done, also where there are no records; 2 a wrong flag or date; 66 the records cannot be read; 78 a setting is wrong.',
  ].join('\n\n');
  static override examples = [
    { description: 'All there is:', command: '<%= config.bin %> stats' },
    { description: 'Today and the six days before:', command: '<%= config.bin %> stats --days 7' },
    { description: 'For a script:', command: '<%= config.bin %> stats --since 2026-11-01 --json' },
  ];
  static override enableJsonFlag = true;
  static override flags = {
    days: Flags.integer({
      min: 1,
      max: 36_500,
      helpValue: 'N',
      description: 'Only the last N days, with today.',
      exclusive: ['since'],
    }),
    since: Flags.string({ helpValue: 'DATE', description: 'Only from then on: 2026-11-22, or 2026-11-22T14:05.' }),
  };

  override async run(): Promise<ReadStats> {
    const { flags } = await this.parse(StatsCommand);
    const sinceMs =
      flags.since !== undefined
        ? parseSince(flags.since)
        : flags.days !== undefined
          ? startOfDays(flags.days, systemClock.now())
          : undefined;
    const folder = dataPaths(dataFolder(loadWorkerSettings())).workerRecords;
    const stats = await readStats(folder, sinceMs);
    if (stats.tasks > 0) {
      for (const line of statsLines(stats, (text) => styleText('bold', text))) this.log(line);
    } else {
      this.log(`No tasks ${sinceMs === undefined ? 'yet' : 'since then'}, say the records in ${shortPath(folder)}.`);
    }
    if (stats.badLines > 0) {
      this.logToStderr(`${stats.badLines} damaged line(s) in ${shortPath(folder)} were passed over.`);
    }
    return stats;
  }
}
