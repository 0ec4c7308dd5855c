/** A line of `processed.csv`, with the ancestor's columns. Pure. */
import { csvLine } from '../../csv-file.ts';
import type { TaskEndEvent } from '../worker-event.ts';

export const processedHeader = csvLine(['file_id', 'language', 'time_taken', 'audio_minutes', 'status', 'reason']);

/** @returns undefined for what was handed back: it did not come to an end here, and the ancestor knows no such thing. */
export function processedLine(end: TaskEndEvent): string | undefined {
  if (end.event === 'handed_back') return undefined;
  const done = end.event === 'transcribed';
  return csvLine([
    end.task,
    end.language,
    end.takenSeconds.toFixed(2),
    done ? (end.audioSeconds / 60).toFixed(2) : 0,
    done ? 'success' : 'failure',
    reasonOf(end),
  ]);
}

function reasonOf(end: Exclude<TaskEndEvent, { event: 'handed_back' }>): string {
  if (end.event === 'transcribed') return end.outcome === 'no_speech' ? 'no speech' : '';
  return end.event === 'lease_lost' ? `lease lost: ${end.reason}` : end.reason;
}
