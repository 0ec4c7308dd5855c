/**
 * Finds the workers that run with this data folder, and asks them. The other side of control-server; what it says is not trusted:
 * another version may be running, or something that only looks like a worker.
 */
import { readdir } from 'node:fs/promises';
import { request } from 'node:http';
import path from 'node:path';
import { messageOf, systemErrorCode } from '../../app-error.ts';
import { hasOwnerEnded, ownToken } from '../process-owner.ts';
import { type ControlAddress, openAddress } from './control-address.ts';
import type { PauseBody } from './control-requests.ts';
import { type WorkerStatus, workerStatusSchema } from './worker-status.ts';

/** A worker, by its folder; whether it still lives is seen when it is asked. */
export type FoundWorker = {
  /** See process-owner. */
  owner: string;
  pid: number;
  /** As the workers of this machine and container name it. */
  isHere: boolean;
  folder: string;
};

export type Reply<T> =
  | { kind: 'answered'; value: T }
  /** It ended. */
  | { kind: 'gone' }
  /** It is there, but does not answer as a worker does. */
  | { kind: 'silent'; reason: string };

export type Call =
  | { method: 'GET'; path: '/status' }
  | { method: 'POST'; path: '/pause'; body: PauseBody }
  | { method: 'POST'; path: '/resume' | '/drain' };

const answerMs = 5000;
const longestAnswerBytes = 1024 * 1024;

/** @throws the system's error where the folder cannot be read. */
export async function findWorkers(folder: string): Promise<FoundWorker[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? '')) return [];
    throw error;
  });
  const found = names.map((owner) => {
    const [machine, pid] = owner.split('-');
    return { owner, pid: Number(pid), isHere: machine === ownMachine, folder: path.join(folder, owner) };
  });
  return found.filter(({ owner, pid }) => pid > 0 && !hasEnded(owner));
}

const ownMachine = ownToken.split('-')[0];

/** Of those of other machines nothing is known. */
export const hasEnded = (owner: string): boolean => hasOwnerEnded(owner, 0, Infinity);

export async function askStatus(worker: FoundWorker): Promise<Reply<WorkerStatus>> {
  const reply = await ask(worker, { method: 'GET', path: '/status' });
  if (reply.kind !== 'answered') return reply;
  const parsed = workerStatusSchema.safeParse(reply.value);
  if (parsed.success) return { kind: 'answered', value: parsed.data };
  return { kind: 'silent', reason: 'it answers in another way; is it of another version?' };
}

/** @throws the system's error where this user may not. */
export async function ask(worker: FoundWorker, call: Call): Promise<Reply<unknown>> {
  try {
    await using address = await openAddress(worker.folder);
    const { status, text } = await exchange(address, call);
    if (status === 200) return { kind: 'answered', value: JSON.parse(text) };
    return { kind: 'silent', reason: `it answered ${status}` };
  } catch (error) {
    const code = systemErrorCode(error) ?? '';
    if (code === 'EACCES' || code === 'EPERM') throw error;
    // The folder goes with the worker; a socket without a listener is one that a dead worker left.
    if (['ENOENT', 'ENOTDIR'].includes(code) || hasEnded(worker.owner)) return { kind: 'gone' };
    if (code === 'ECONNREFUSED' && !worker.isHere) return { kind: 'silent', reason: 'it runs on another machine' };
    return { kind: 'silent', reason: messageOf(error) };
  }
}

function exchange(address: ControlAddress, call: Call): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const body = 'body' in call ? JSON.stringify(call.body) : '';
    const asked = request({
      socketPath: address.path,
      method: call.method,
      path: call.path,
      agent: false,
      headers: {
        'Content-Length': Buffer.byteLength(body),
        ...(body === '' ? {} : { 'Content-Type': 'application/json' }),
      },
      signal: AbortSignal.timeout(answerMs),
    });
    asked.on('error', (error) => {
      reject(error.name === 'AbortError' ? new Error(`it did not answer within ${answerMs / 1000} s`) : error);
    });
    asked.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        if (text.length > longestAnswerBytes) response.destroy(new Error('its answer is too long'));
      });
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    asked.end(body);
  });
}
