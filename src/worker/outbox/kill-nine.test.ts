// deadline: 110 s
/** A worker that is killed while it posts: what `post` has told of is there, nothing is half, and all of it is delivered once more. */
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { randomFrom, testSeed } from '../../../test/support/random.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { startFakeServer } from '../testing/fake-server.ts';
import { parseLetter } from './letter.ts';
import { desk, lettersIn, never } from './testing/outbox-desk.ts';
import { postOffice } from './testing/post-office.ts';

const run = suite('kill -9 of a worker');

/** Posts letters of growing size without end, and prints the id of each that it has been told is kept. */
const program = (folder: string, serverUrl: string): string => `
  import { systemClock as clock } from '${import.meta.dirname}/../../clock.ts';
  import { openOutbox } from '${import.meta.dirname}/outbox.ts';
  import { createServerClient } from '${import.meta.dirname}/../wire/server-client.ts';
  const client = createServerClient({ serverUrl: '${serverUrl}', workerName: 'w', credentials: undefined, clock });
  const outbox = await openOutbox({ folder: '${folder}', client, clock, report: () => {} });
  const never = new AbortController().signal;
  for (let count = 0; ; count += 1) {
    const id = process.pid + '-' + count;
    const vtt = 'WEBVTT\\n\\n' + 'x'.repeat(200_000);
    const delivery = await outbox.post({ kind: 'result', message: { id, vtt } }, never);
    process.stdout.write(id + ' ' + delivery + '\\n');
  }`;

const nobody = 'http://127.0.0.1:1';

run('loses no letter that post has told of, and leaves none half-written', async () => {
  const random = randomFrom(testSeed());
  await using folder = await temporaryFolder();
  const told: string[] = [];
  for (let round = 0; round < 6; round += 1) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program(folder.path, nobody)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'close');
    const killAfter = 1 + Math.floor(random() * 5);
    let seen = 0;
    createInterface({ input: child.stdout }).on('line', (line) => {
      told.push(line.split(' ')[0] ?? '');
      seen += 1;
      // A little later: in the middle of a write, mostly.
      if (seen === killAfter) setTimeout(() => child.kill('SIGKILL'), random() * 8);
    });
    await ended;
  }
  const letters = await Promise.all(
    (await lettersIn(folder.path)).map(async (name) => parseLetter(await readFile(folder.join(name), 'utf8'))),
  );
  assert.not(letters.includes(undefined));
  const kept = new Set(letters.map((letter) => letter?.message.id));
  assert.equal(
    told.filter((id) => !kept.has(id)),
    [],
  );
  // One that was just being sent may be there without having been told of.
  assert.ok(kept.size >= told.length && kept.size <= told.length + 6, `${kept.size} of ${told.length}`);

  const { outbox, sent } = await desk(folder);
  assert.is(await outbox.flush(0, never), 0);
  assert.is(sent.length, kept.size);
  // What was half-written is swept: nothing but refused/ is left.
  assert.equal([await readdir(folder.path), await readdir(folder.join('refused'))], [['refused'], []]);
});

run('delivers again what was accepted, when it is killed before the letter is gone', async () => {
  await using folder = await temporaryFolder();
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  // Accepts, and the same bytes again, as protocol 2 demands; the worker is killed before it hears of the first time.
  const stored = new Map<string, string>();
  let onFirst: () => void = () => {};
  server.misbehave(({ body }, response) => {
    const [id, vtt] = [String(body['id']), String(body['vtt'])];
    const isKnown = stored.has(id);
    assert.ok(!isKnown || stored.get(id) === vtt);
    stored.set(id, vtt);
    if (isKnown) response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"ok"}');
    else onFirst();
    return true;
  });
  const child = spawn(process.execPath, ['--input-type=module', '-e', program(folder.path, server.url)]);
  onFirst = () => child.kill('SIGKILL');
  await once(child, 'close');
  assert.equal([stored.size, (await lettersIn(folder.path)).length], [1, 1]);

  const { outbox, namesOf } = await postOffice(folder, server);
  assert.is(await outbox.flush(0, never), 0);
  assert.equal([namesOf('delivered'), await lettersIn(folder.path)], [[...stored.keys()], []]);
});

run.run();
