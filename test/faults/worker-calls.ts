/** The few calls of the wire that a fault test makes by itself, over connections that are not kept. Decides nothing. */
import { transcriptOf } from './journal.ts';

export type Answer = { status: number; code: string | undefined; detail: string | undefined };
export type Task = { leaseId: string; recording: string };

const asWorker = { 'X-STT-Protocol': '2', 'X-STT-Worker': 'tester', Connection: 'close' };

/** @returns undefined where the server went away instead of answering. */
export async function post(url: string, path: string, message: object): Promise<Answer | undefined> {
  try {
    const response = await fetch(url + path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Connection: 'close' },
      body: JSON.stringify(message),
    });
    const body = (await response.json()) as { code?: string; detail?: string };
    return { status: response.status, code: body.code, detail: body.detail };
  } catch {
    return undefined;
  }
}

/** The body of a recording in these tests is its name. @returns the status where there was no task. */
export async function claim(url: string, query = ''): Promise<Task | number | undefined> {
  try {
    const response = await fetch(`${url}/task${query}`, { headers: asWorker });
    const recording = await response.text();
    const leaseId = response.headers.get('x-task-id');
    return response.status === 200 && leaseId !== null ? { leaseId, recording } : response.status;
  } catch {
    return undefined;
  }
}

export async function claimTask(url: string, query = ''): Promise<Task> {
  const task = await claim(url, query);
  if (typeof task === 'object') return task;
  throw new Error(`no task: ${task}`);
}

export const deliver = (url: string, task: Task): Promise<Answer | undefined> =>
  post(url, '/result', { id: task.leaseId, vtt: transcriptOf(task.recording, task.leaseId) });

/** 0 where nobody answers. */
export async function statusOf(url: string, path: string): Promise<number> {
  try {
    const response = await fetch(url + path, { headers: { Connection: 'close' } });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return 0;
  }
}
