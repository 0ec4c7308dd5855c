/** `processed.csv`, with the ancestor's columns: one line for each task that came to an end here. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { appendCsv } from '../csv-file.ts';
import type { TaskEndEvent } from './worker-event.ts';

const header = ['file_id', 'language', 'time_taken', 'audio_minutes', 'status', 'reason'];

/** What was handed back did not come to an end, so it has no line. */
export async function logProcessed(file: string, end: TaskEndEvent, language: string, seconds: number): Promise<void> {
  if (end.event === 'handed_back') return;
  const done = end.event === 'transcribed';
  await mkdir(path.dirname(file), { recursive: true });
  appendCsv(file, header, [
    end.task,
    language,
    seconds.toFixed(2),
    done ? (end.audioSeconds / 60).toFixed(2) : 0,
    done ? 'success' : 'failure',
    reasonOf(end),
  ]);
}

function reasonOf(end: Exclude<TaskEndEvent, { event: 'handed_back' }>): string {
  if (end.event === 'transcribed') return end.outcome === 'no_speech' ? 'no speech' : '';
  return end.event === 'lease_lost' ? `lease lost: ${end.reason}` : end.reason;
}
