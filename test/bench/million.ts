/**
 * One million pending tasks, put straight into the database: how long the server takes until it is ready, what it takes in memory,
 * and how long a claim takes. The library holds only the recordings that are claimed; the scan is what a real one of that size does
 * not find, so it is told to come late.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { processorSeconds, residentBytes, startServerProcess } from '../support/server-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { LeanConnection } from './lean-connection.ts';
import { mebibytes, quantile, report, round, type Row, say } from './machine.ts';

const tasks = Number(process.env['BENCH_TASKS'] ?? 1_000_000);
const claims = 2000;

await using folder = await temporaryFolder();
const library = folder.join('library');
await mkdir(library);
const env = { STT_SCAN_SECONDS: '86400', STT_DEFAULT_LANGUAGE: 'en' };

say('recordings');
for (let index = 0; index < claims; index += 1) {
  await writeFile(path.join(library, `${index}.mp3`), `recording ${index}`.padEnd(2000, 'x'));
}
{
  // Makes the tables, and tasks of the recordings that are there.
  await using server = await startServerProcess({ library, stateFolder: folder.path, env });
  await server.stop();
}
say('tasks');
const db = new DatabaseSync(folder.join('tasks.sqlite'));
const columns = db
  .prepare(`SELECT name FROM pragma_table_info('tasks')`)
  .all()
  .map((row) => String(row['name']));
const copied = columns.filter((name) => !['task_id', 'folder', 'name'].includes(name));
// Copies of a task that is there, in another folder, so that whatever columns there are hold what they must.
db.exec(`
  WITH RECURSIVE counter(n) AS (VALUES (${claims}) UNION ALL SELECT n + 1 FROM counter WHERE n + 1 < ${tasks})
  INSERT INTO tasks (folder, name, ${copied.join(', ')})
  SELECT 'folder-' || (n / 1000), n || '.mp3', ${copied.map((name) => `tasks.${name}`).join(', ')}
  FROM counter, (SELECT * FROM tasks LIMIT 1) AS tasks`);
db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
db.close();

say('start');
const startedAt = performance.now();
await using server = await startServerProcess({ library, stateFolder: folder.path, env });
const rows: Row[] = [{ what: 'start until ready', seconds: round((performance.now() - startedAt) / 1000) }];
rows[0] = {
  ...rows[0],
  'server MiB': mebibytes(residentBytes(server.pid)),
  'CPU s': round(processorSeconds(server.pid)),
};

const connection = await LeanConnection.open(server.port);
const times: number[] = [];
for (let count = 0; count < claims; count += 1) {
  const askedAt = performance.now();
  const answer = await connection.ask('GET /task HTTP/1.1\r\nHost: bench\r\nX-STT-Protocol: 2\r\n\r\n');
  if (answer.status !== 200) throw new Error(answer.head);
  times.push(performance.now() - askedAt);
}
connection.socket.destroy();
rows.push({
  what: `${claims} claims, one after the other`,
  'p50 ms': round(quantile(times, 0.5)),
  'p99 ms': round(quantile(times, 0.99)),
  'worst ms': round(Math.max(...times)),
  'server MiB': mebibytes(residentBytes(server.pid)),
});
report(`Queue of ${tasks} pending tasks`, rows);
