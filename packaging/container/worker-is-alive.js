// Whether the worker of this container is well, for the container's health check: exit code 0, or 1 and why. Paused, or outside its
// hours, is well. Unlike `stt status` it asks this container's worker alone: in the same volume may lie what a container that was
// killed has left.
import process, { env } from 'node:process';
import { dataPaths } from './dist/src/config/data-paths.js';
import { askStatus, findWorkers } from './dist/src/worker/control/control-client.js';

const workers = (await findWorkers(dataPaths(env.STT_DATA_DIR).workerControl)).filter(({ isHere }) => isHere);
const replies = await Promise.all(workers.map((worker) => askStatus(worker)));

const broken = replies.flatMap(({ value }) => value?.closures.filter(({ why }) => why === 'broken') ?? []);
const reasons = [
  ...replies.filter(({ kind }) => kind === 'silent').map(({ reason }) => reason),
  ...broken.map(({ reason }) => reason),
  ...(replies.some(({ kind }) => kind === 'answered') ? [] : ['no worker answers']),
];
if (reasons.length > 0) {
  process.stderr.write(`${reasons.join('; ')}\n`);
  process.exitCode = 1;
}
