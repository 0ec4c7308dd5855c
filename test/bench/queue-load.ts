/**
 * Many workers in one process, without engines: claim, read the recording, deliver, until there is nothing more or the time is over.
 * Started as a program with its options as JSON; prints what it measured as JSON.
 */
import { LeanConnection } from './lean-connection.ts';

export type QueueLoadOptions = {
  port: number;
  connections: number;
  protocol: 1 | 2;
  /** Ends here at the latest. */
  seconds: number;
};

export type QueueLoadResult = {
  seconds: number;
  grants: number;
  /** Grants of a recording that was granted before. */
  duplicates: number;
  accepted: number;
  /** Status -> how often a result was refused with it. */
  refused: Record<string, number>;
  claimMs: number[];
  resultMs: number[];
  processorSeconds: number;
};

const options = JSON.parse(process.argv[2] ?? '') as QueueLoadOptions;

/** As a worker's: 20 kB of speech at 16 kbit/s are ten seconds, in three cues. */
function transcript(): string {
  const time = (seconds: number): string =>
    `00:${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}.000`;
  const cues = Array.from(
    { length: 3 },
    (_, index) => `${time(index * 3)} --> ${time(index * 3 + 3)}\nwords that somebody said in cue ${index}\n`,
  );
  return `WEBVTT\n\n${cues.join('\n')}`;
}

const vtt = JSON.stringify(transcript());
const version = options.protocol === 2 ? 'X-STT-Protocol: 2\r\nX-STT-Worker: bench\r\n' : '';
const claimRequest = `GET /task HTTP/1.1\r\nHost: bench\r\n${version}\r\n`;

function resultRequest(id: string): string {
  const body = `{"id":"${id}","vtt":${vtt}}`;
  return `POST /result HTTP/1.1\r\nHost: bench\r\n${version}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

const result: QueueLoadResult = {
  seconds: 0,
  grants: 0,
  duplicates: 0,
  accepted: 0,
  refused: {},
  claimMs: [],
  resultMs: [],
  processorSeconds: 0,
};
const seen = new Set<string>();
const startedAt = performance.now();

async function work(connection: LeanConnection): Promise<void> {
  while (performance.now() - startedAt < options.seconds * 1000) {
    const askedAt = performance.now();
    const task = await connection.ask(claimRequest);
    if (task.status === 204) return;
    if (task.status !== 200) throw new Error(`GET /task: ${task.head}`);
    const deliversAt = performance.now();
    result.claimMs.push(deliversAt - askedAt);
    result.grants += 1;
    if (seen.has(task.start)) result.duplicates += 1;
    seen.add(task.start);
    const id = /\r\nx-task-id: *([^\r]+)/iu.exec(task.head)?.[1] ?? '';
    const answer = await connection.ask(resultRequest(id));
    result.resultMs.push(performance.now() - deliversAt);
    if (answer.status === 200) result.accepted += 1;
    else result.refused[answer.status] = (result.refused[answer.status] ?? 0) + 1;
  }
}

const connections = await Promise.all(
  Array.from({ length: options.connections }, () => LeanConnection.open(options.port)),
);
await Promise.all(connections.map((connection) => work(connection)));
result.seconds = (performance.now() - startedAt) / 1000;
const { user, system } = process.cpuUsage();
result.processorSeconds = (user + system) / 1e6;
for (const { socket } of connections) socket.destroy();
console.log(JSON.stringify(result));
