// deadline: 120 s
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findTestEngine } from '../../test/support/engine.ts';
import { eventually } from '../../test/support/eventually.ts';
import { fileServer } from '../../test/support/file-server.ts';
import { addRecording, shortSample } from '../../test/support/library.ts';
import { serverProgram, startProgram, startTestServer, workerProgram } from '../../test/support/programs.ts';
import { type TemporaryFolder, temporaryFolder } from '../../test/support/temporary-folder.ts';
import { type CheckName, checkNames, type Finding } from '../doctor/finding.ts';
import type { Diagnosis } from '../doctor/run-doctor.ts';
import { type ChildEnd, runChild } from '../run-child.ts';

const run = suite('stt doctor');

type Env = Record<string, string>;

/** Nothing of this machine's own settings. */
async function environment(folder: TemporaryFolder, env: Env): Promise<Env> {
  const own = folder.join('worker.env');
  await writeFile(own, '', { mode: 0o600 });
  return { STT_ENV_FILE: own, STT_DATA_DIR: folder.join('data'), ...env };
}

async function doctor(folder: TemporaryFolder, args: readonly string[], env: Env = {}): Promise<ChildEnd> {
  return runChild({
    file: process.execPath,
    args: [workerProgram, 'doctor', ...args],
    cwd: folder.path,
    env: await environment(folder, env),
    timeoutMs: 60_000,
    stdoutLimitBytes: 100_000,
  });
}

async function diagnose(
  folder: TemporaryFolder,
  args: readonly string[],
  env: Env = {},
): Promise<{ end: ChildEnd; diagnosis: Diagnosis; of: (name: CheckName) => Finding }> {
  const end = await doctor(folder, ['--json', ...args], env);
  const diagnosis = JSON.parse(end.stdout) as Diagnosis;
  const of = (name: CheckName): Finding => {
    const found = diagnosis.checks.find(({ check }) => check === name);
    if (found === undefined) throw new Error(`no check ${name}`);
    return found;
  };
  return { end, diagnosis, of };
}

const real = findTestEngine();
const withEngine = (title: string, test: () => Promise<void>): void =>
  real === undefined ? run.skip(title, test) : run(title, test);

withEngine('finds nothing wrong with a real engine and a real server', async () => {
  if (real === undefined) return;
  await using folder = await temporaryFolder();
  await addRecording(folder.join('library'), 'one.mp3', await readFile(shortSample));
  await mkdir(folder.join('data'));
  const add = ['worker', 'add', 'tester', '--database', folder.join('tasks.sqlite')];
  const made = await runChild({ file: process.execPath, args: [serverProgram, ...add], stdoutLimitBytes: 10_000 });
  const token = /stt_w_[\w-]+/u.exec(made.stdout)?.[0] ?? '';
  await using server = await startTestServer(folder.join('library'), folder.path);
  const { whisperCli, model } = real;
  const env = {
    SERVER_URL: server.url,
    STT_WHISPER_CLI: whisperCli,
    STT_MODEL: model,
    STT_TOKEN: token,
    STT_THREADS: '1',
  };
  await eventually(async () => (await fetch(`${server.url}/readyz`)).ok, 'the first scan is over');

  const { end, diagnosis, of } = await diagnose(folder, [], env);
  assert.is(end.exitCode, 0, end.stdout);
  assert.equal(
    diagnosis.checks.map(({ check }) => check),
    [...checkNames],
  );
  assert.ok(diagnosis.isWell);
  for (const name of ['program', 'ffmpeg', 'model', 'sample', 'server', 'credentials', 'clock', 'schedule'] as const) {
    assert.is(of(name).status, 'ok', of(name).found);
  }
  assert.is(of('credentials').found, 'the server accepts STT_TOKEN');
  assert.match(of('server').found, 'hands out tasks');
  assert.ok(of('sample').seconds > 0);

  const wrong = `stt_w_${'x'.repeat(43)}`;
  const refused = await diagnose(folder, ['--quick'], { ...env, STT_TOKEN: wrong });
  assert.is(refused.end.exitCode, 77, refused.end.stdout);
  assert.is(refused.of('credentials').code, 'STT_CREDENTIALS');
  assert.is(refused.of('sample').status, 'skipped');
  assert.not.ok((end.stdout + refused.end.outputTail).includes('stt_w_'), 'no token is shown');

  assert.equal(await readdir(folder.join('data')), [], 'nothing is left behind');
  const log = server.lines.join('\n');
  assert.not.match(log, /"msg":"(?:granted|claimed|leased)/u);
  const list = ['tasks', 'list', '--json', '--database', folder.join('tasks.sqlite')];
  const tasks = await runChild({ file: process.execPath, args: [serverProgram, ...list], stdoutLimitBytes: 10_000 });
  assert.match(tasks.stdout, /"state":\s*"pending"/u);
  assert.match(tasks.stdout, /"attempts":\s*0/u);
});

run('names everything that is wrong at once, each with what to do, and ends with the worst', async () => {
  await using folder = await temporaryFolder();
  const env = { SERVER_URL: 'http://127.0.0.1:9', CRON: '0 25 * * *', PATH: folder.path };
  const bare = await diagnose(folder, ['--quick'], env);
  assert.is(bare.end.exitCode, 78);
  assert.not(bare.diagnosis.isWell);
  const failed = bare.diagnosis.checks.filter(({ status }) => status === 'fail');
  assert.equal(
    failed.map(({ check, code }) => [check, code]),
    [
      ['ffmpeg', 'STT_TOOL_MISSING'],
      ['engine', 'STT_ENGINE_MISSING'],
      ['model', 'STT_MODEL_MISSING'],
      ['server', 'STT_SERVER_AWAY'],
      ['schedule', 'STT_CRON'],
    ],
  );
  for (const { check, fix } of failed) assert.ok(fix, check);
  assert.is(bare.of('sample').found, '"ffmpeg" failed');
  assert.is(bare.of('credentials').found, '"server" failed');
  assert.equal(
    (await readdir(folder.path)).toSorted(),
    ['worker.env'],
    'the data folder is not made by looking for it',
  );
});

run('goes on where the settings are wrong, with what needs none', async () => {
  await using folder = await temporaryFolder();
  const { end, of } = await diagnose(folder, ['--quick'], { STT_SLOTS: 'many', SERVER_URL: 'ftp://me:pw@x' });
  assert.is(end.exitCode, 78);
  assert.match(of('settings').found, /STT_SLOTS is wrong.*\n.*|SERVER_URL is wrong/u);
  assert.not.ok(end.stdout.includes('pw@'));
  assert.is(of('server').found, '"settings" failed');
  assert.is(of('ffmpeg').status, 'ok');
});

run('warns of a password that others may read', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.join('.env'), 'AUTH_ENABLED=true\nUSERNAME=me\nPASSWORD=hunter2\n', { mode: 0o644 });
  const { of, end } = await diagnose(folder, ['--quick', '--no-server'], { PATH: folder.path });
  assert.is(of('settings').status, 'warn');
  assert.match(of('settings').found, 'PASSWORD stands in it');
  assert.not.ok(end.stdout.includes('hunter2'));
  assert.is(of('server').status, 'skipped');
});

run('is plain text for people, without colours in a pipe', async () => {
  await using folder = await temporaryFolder();
  const { stdout, exitCode } = await doctor(folder, ['--quick', '--no-server', '--model', 'no-such-model'], {
    PATH: folder.path,
  });
  assert.is(exitCode, 78);
  assert.match(stdout, /^✓ program {6}stt \d/mu);
  assert.match(stdout, /^✗ model {8}The model .*ggml-no-such-model\.bin is not there\. \[STT_MODEL_MISSING\]$/mu);
  assert.match(stdout, /^ {15}→ /mu);
  assert.match(stdout, /^– server {7}left out \(--no-server\)$/mu);
  assert.match(stdout, /^3 problems in the way of "stt run", \d.* in \d+\.\d s\.$/mu);
  assert.not.ok(stdout.includes('\u001B'));
});

run('shows no token and no password to a server that is not known for ours', async () => {
  await using folder = await temporaryFolder();
  const answers: [status: number, body: object, server: string, credentials: string][] = [
    [200, { status: 'error', anything: 1 }, 'fail', 'skipped'],
    [200, { status: 'ok' }, 'warn', 'skipped'],
    [404, { detail: 'Not Found' }, 'warn', 'skipped'],
  ];
  const token = `stt_w_${'x'.repeat(43)}`;
  for (const [status, body, asServer, asCredentials] of answers) {
    await using server = await fileServer((_, response) => {
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
    });
    const { host } = new URL(server.url);
    const env = { SERVER_URL: `http://me:hunter2@${host}`, STT_TOKEN: token, PATH: folder.path };
    const { of } = await diagnose(folder, ['--quick'], env);
    assert.equal([of('server').status, of('credentials').status], [asServer, asCredentials], of('server').found);
    assert.equal(
      server.requests.map(({ url, headers }) => [url, headers.authorization]),
      [['/readyz', undefined]],
    );
  }
});

run('stops at once, and leaves no engine running', async () => {
  await using folder = await temporaryFolder();
  const [engine, pidFile] = [folder.join('whisper-cli'), folder.join('pid')];
  const script = `[ "$1" = --help ] && echo '--model --output-vtt' && exit 0\necho $$ > '${pidFile}'\nexec sleep 60`;
  await writeFile(engine, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  await writeFile(folder.join('any.bin'), '');
  const env = await environment(folder, { STT_WHISPER_CLI: engine, STT_MODEL: folder.join('any.bin') });
  await using program = startProgram({ args: [workerProgram, 'doctor', '--no-server'], cwd: folder.path, env });
  const pid = await eventually(async () => Number(await readFile(pidFile, 'utf8').catch(() => '')), 'the engine runs');
  const end = await program.stop();
  assert.is(end.exitCode, 130, end.outputTail);
  assert.match(end.outputTail, 'STT_INTERRUPTED');
  assert.throws(() => process.kill(pid, 0), /ESRCH/u);
});

run.run();
