/** The commands that look after the queue, run as a person runs them, beside a store that is open like a running server's. */
// deadline: 300 s
import { readFile, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { packageFolder } from '../../src/package-folder.ts';
import { type ChildEnd, runChild } from '../../src/run-child.ts';
import { type TemporaryFolder, temporaryFolder } from '../../test/support/temporary-folder.ts';
import { tokenSha256 } from '../access/token.ts';
import { type OpenStore, openStore } from '../queue/open-store.ts';
import { openDatabase } from '../queue/sqlite/open-database.ts';

const commands = suite('commands of stt-server');

const allCommands = [
  'backup',
  'tasks list',
  'tasks show',
  'tasks retry',
  'tasks cancel',
  'tasks purge',
  'worker add',
  'worker list',
  'worker revoke',
];
const worker = { name: 'tester', ip: '127.0.0.1', protocol: 2, credential: undefined } as const;

/** With DB_FILE set, as a server's environment has it. */
function stt(folder: TemporaryFolder, line: string, env: Record<string, string> = {}): Promise<ChildEnd> {
  return runChild({
    file: process.execPath,
    args: [`${packageFolder}/bin/stt-server.js`, ...line.split(' ')],
    cwd: folder.path,
    env: { DB_FILE: folder.join('tasks.sqlite'), ...env },
    timeoutMs: 60_000,
    stdoutLimitBytes: 1_000_000,
  });
}

const open = (folder: TemporaryFolder, name = 'tasks.sqlite'): Promise<OpenStore> =>
  openStore({
    file: folder.join(name),
    policy: { maxAttempts: 1, order: 'oldest' },
    onFailure: (error) => assert.unreachable(error.message),
  });

/** Three pending tasks, one dead, one leased. */
async function openFilled(folder: TemporaryFolder): Promise<OpenStore> {
  const opened = await open(folder);
  const { store } = opened;
  const add = ['dead.mp3', 'leased.mp3', 'music/1.mp3', 'music/2.mp3', 'evil\u001b[31m\n.mp3'];
  const known = { fingerprint: 'f', sizeBytes: 7, language: 'en' };
  await store.apply(
    add.map((path) => ({ kind: 'add', path, ...known }) as const),
    Date.now(),
  );
  const dead = await store.claim({ leaseId: 'a'.repeat(32), worker, termMs: 90_000 }, Date.now());
  if (dead === undefined) throw new Error('no task');
  await store.fail(dead, 'broken audio', Date.now());
  await store.claim({ leaseId: 'b'.repeat(32), worker, termMs: 90_000 }, Date.now());
  return opened;
}

const states = async ({ store }: OpenStore) => (await store.figures()).tasks;

commands('each explains itself, with examples, and `--help` alone names them all', async () => {
  await using folder = await temporaryFolder();
  const all = await stt(folder, '--help');
  assert.is(all.exitCode, 0, all.outputTail);
  const each = await Promise.all(allCommands.map((name) => stt(folder, `${name} --help`)));
  for (const [index, name] of allCommands.entries()) {
    assert.match(all.stdout, `stt-server ${name}`);
    assert.is(each[index]?.exitCode, 0, each[index]?.outputTail);
    assert.match(each[index]?.stdout ?? '', 'EXAMPLES');
  }
});

commands('list and show tell what happened, in a pipe line by line, and for scripts as JSON', async () => {
  await using folder = await temporaryFolder();
  const opened = await openFilled(folder);
  const list = await stt(folder, 'tasks list');
  assert.is(list.exitCode, 0, list.outputTail);
  const lines = list.stdout.trimEnd().split('\n');
  assert.is(lines.length, 5, 'a name cannot break a line');
  assert.equal(lines[0]?.split('\t'), ['1', 'dead', '1', 'dead.mp3', 'broken audio']);
  assert.not.match(list.stdout, '\u001b');

  const page = JSON.parse((await stt(folder, 'tasks list --path music/ --limit 1 --json')).stdout) as {
    tasks: { path: string }[];
    next: number;
  };
  assert.equal(
    page.tasks.map(({ path }) => path),
    ['music/1.mp3'],
  );
  const rest = await stt(folder, `tasks list --path music/ --after ${page.next}`);
  assert.match(rest.stdout, 'music/2.mp3');
  assert.not.match(rest.stdout, 'music/1.mp3');

  const show = await stt(folder, 'tasks show 1');
  assert.match(show.stdout, /dead\.mp3[\s\S]*state +dead[\s\S]*broken audio[\s\S]*tester\t127\.0\.0\.1\tfailed/u);
  const shown = await stt(folder, 'tasks show 2 --json');
  assert.not.match(shown.stdout, 'bbbb', 'the id of a lease is a secret of its worker');
  assert.is((JSON.parse(shown.stdout) as { state: string }).state, 'leased');
  const unknown = await stt(folder, 'tasks show 99 --json');
  assert.is(unknown.exitCode, 66);
  assert.is((JSON.parse(unknown.stdout) as { error: { code: string } }).error.code, 'STT_TASK_UNKNOWN');
  await opened.close();
});

commands('retry, cancel and purge do what they say, also beside a running server, which notices', async () => {
  await using folder = await temporaryFolder();
  const opened = await openFilled(folder);
  await opened.store.sweep(Date.now(), false);
  const dry = await stt(folder, 'tasks cancel --path music/ --dry-run --json');
  assert.equal(JSON.parse(dry.stdout), { count: 2, dry_run: true });
  assert.is((await states(opened)).pending, 3);

  assert.match((await stt(folder, 'tasks cancel --path music/')).stdout, '2 tasks taken out of the queue.');
  assert.match((await stt(folder, 'tasks cancel 2')).stdout, '1 task taken out of the queue.');
  assert.equal({ ...(await states(opened)) }, { pending: 1, leased: 0, waiting: 0, done: 0, no_speech: 0, dead: 4 });
  assert.is((await opened.store.sweep(Date.now(), false)).isChangedFromOutside, true);
  assert.is(await opened.store.renew({ leaseId: 'b'.repeat(32), credential: undefined }, Date.now()), false);

  assert.match((await stt(folder, 'tasks retry 1 --state dead')).stdout, '1 task will be tried again.');
  assert.is((await states(opened)).pending, 2);
  assert.match((await stt(folder, 'tasks purge --all --older-than-days 1')).outputTail, '--all cannot go together');
  assert.match((await stt(folder, 'tasks purge --all')).stdout, '3 tasks forgotten.');
  assert.is((await states(opened)).dead, 0);
  await opened.close();
});

commands('a change without a choice, or with a wrong one, changes nothing and ends with 2', async () => {
  await using folder = await temporaryFolder();
  const opened = await openFilled(folder);
  for (const line of ['tasks purge', 'tasks cancel', 'tasks retry', 'tasks cancel 1 x', 'tasks purge --state lost']) {
    const end = await stt(folder, line);
    assert.is(end.exitCode, 2, `${line}: ${end.outputTail}`);
  }
  assert.is((await states(opened)).dead, 1);
  assert.is((await states(opened)).pending, 3);
  await opened.close();
});

commands('a database that is not there is an error, and is not made; but `worker add` makes it', async () => {
  await using folder = await temporaryFolder();
  for (const line of [
    'tasks list',
    'tasks show 1',
    'tasks purge --all',
    'worker list',
    'worker revoke x',
    'backup x',
  ]) {
    const end = await stt(folder, line);
    assert.is(end.exitCode, 66, `${line}: ${end.outputTail}`);
    assert.match(end.outputTail, 'STT_DATABASE_MISSING');
  }
  await writeFile(folder.join('tasks.sqlite'), "the ancestor's\n");
  assert.is((await stt(folder, 'tasks list')).exitCode, 66, 'no database of ours is made beside it');
  const end = await stt(folder, `worker add first --database ${folder.join('new', 'tasks.sqlite')}`);
  assert.is(end.exitCode, 0, end.outputTail);
  const opened = await open(folder, 'new/tasks.sqlite');
  assert.is(await opened.store.hasCredentials(), true);
  await opened.close();
});

commands('worker add shows the token once, alone on standard output; it is good until it is revoked', async () => {
  await using folder = await temporaryFolder();
  const opened = await open(folder);
  const added = await stt(folder, 'worker add gaming-pc');
  assert.is(added.exitCode, 0, added.outputTail);
  const token = added.stdout.trim();
  assert.match(token, /^stt_w_[\w-]{43}$/u);
  assert.match(added.outputTail, /config set STT_TOKEN[\s\S]*USERNAME=gaming-pc/u);
  assert.is((await opened.store.credentialOf(tokenSha256(token)))?.name, 'gaming-pc');
  assert.not.match(await readFile(folder.join('tasks.sqlite'), 'latin1'), token);
  assert.not.match(await readFile(folder.join('tasks.sqlite-wal'), 'latin1'), token);

  assert.is((await stt(folder, 'worker add gaming-pc')).exitCode, 2, 'the name is taken');
  assert.is((await stt(folder, 'worker add ../x')).exitCode, 2, 'no name');
  assert.is((await stt(folder, 'worker add x --role root')).exitCode, 2, 'no role');
  const admin = JSON.parse((await stt(folder, 'worker add boss --role admin --json')).stdout) as { token: string };
  assert.is((await opened.store.credentialOf(tokenSha256(admin.token)))?.role, 'admin');

  const list = await stt(folder, 'worker list');
  assert.match(list.stdout, /^gaming-pc\tworker\t[\d :-]{19}\t-\t-$/mu);
  assert.match((await stt(folder, 'worker revoke gaming-pc')).stdout, 'revoked');
  assert.is(await opened.store.credentialOf(tokenSha256(token)), undefined);
  assert.is((await stt(folder, 'worker revoke nobody')).exitCode, 66);
  const listed = JSON.parse((await stt(folder, 'worker list --json')).stdout) as { workers: { revoked_at: string }[] };
  assert.equal(
    listed.workers.map(({ revoked_at: at }) => at === null),
    [true, false],
  );
  await opened.close();
});

commands('backup copies all that was committed, beside a running server, and overwrites nothing unasked', async () => {
  await using folder = await temporaryFolder();
  const opened = await openFilled(folder);
  const end = await stt(folder, `backup ${folder.join('copy.sqlite')}`);
  assert.is(end.exitCode, 0, end.outputTail);
  assert.is(end.stdout.trim(), folder.join('copy.sqlite'));
  const copy = await open(folder, 'copy.sqlite');
  assert.equal(await states(copy), await states(opened));
  await copy.close();

  const again = await stt(folder, `backup ${folder.join('copy.sqlite')}`);
  assert.is.not(again.exitCode, 0);
  assert.match(again.outputTail, '--force');
  assert.is((await stt(folder, `backup ${folder.join('copy.sqlite')} --force`)).exitCode, 0);
  await opened.close();
});

commands('a typo in .env is told before anything is done', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.join('.env'), 'DB_FILES=x\n');
  const end = await stt(folder, 'worker add x');
  assert.is(end.exitCode, 78);
  assert.match(end.outputTail, 'DB_FILES is not a setting; did you mean DB_FILE?');
});

commands('a database that is locked, or cannot be read, is no bug of ours', async () => {
  await using folder = await temporaryFolder();
  const opened = await openFilled(folder);
  const { db: other } = openDatabase(folder.join('tasks.sqlite'));
  other.exec('BEGIN IMMEDIATE');
  const locked = await stt(folder, 'worker add gaming-pc');
  assert.is(locked.exitCode, 75, locked.outputTail);
  assert.match(locked.outputTail, /database is locked[\s\S]*Try again[\s\S]*\[STT_DATABASE_BUSY\]/u);
  other.close();
  assert.is((await stt(folder, 'worker add gaming-pc')).exitCode, 0);
  await opened.close();

  const noFile = await stt(folder, `tasks list --database ${folder.path}`);
  assert.is(noFile.exitCode, 66, noFile.outputTail);
  assert.match(noFile.outputTail, /cannot be read: EISDIR[\s\S]*--database FILE/u);
});

commands('a reader that leaves early, like head, is no trouble', async () => {
  await using folder = await temporaryFolder();
  const script = `"$0" "$1" tasks list --help 2>&3 | true; exit \${PIPESTATUS[0]}`;
  const args = ['-c', `exec 3>&1; ${script}`, process.execPath, `${packageFolder}/bin/stt-server.js`];
  const end = await runChild({ file: 'bash', args, cwd: folder.path, env: {}, timeoutMs: 60_000 });
  assert.is(end.exitCode, 0, end.outputTail);
  assert.is(end.outputTail.trim(), '');
});

commands.run();
