import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findTestEngine } from '../../test/support/engine.ts';
import { isRunning } from '../../test/support/processes.ts';
import { type TemporaryFolder, temporaryFolder } from '../../test/support/temporary-folder.ts';
import { fakeWhisperCli, type Habit } from '../engine/testing/fake-whisper-cli.ts';
import { packageFolder } from '../package-folder.ts';
import { parseTranscript, spokenText } from '../protocol/web-vtt.ts';
import { type ChildEnd, type ChildOptions, runChild } from '../run-child.ts';
import { startFakeServer } from '../worker/testing/fake-server.ts';
import { readSample } from '../worker/testing/start-worker.ts';

const run = suite('stt run');

const sample = await readSample();

/** Runs the program itself, with a data folder of its own. */
function sttRun(
  folder: TemporaryFolder,
  args: string[],
  env: Record<string, string>,
  more: Partial<ChildOptions> = {},
): Promise<ChildEnd> {
  return runChild({
    file: process.execPath,
    args: [`${packageFolder}/bin/stt.js`, 'run', ...args],
    cwd: folder.path,
    env: { STT_DATA_DIR: folder.join('data'), ...env },
    stdoutLimitBytes: 1_000_000,
    ...more,
  });
}

/** A fake engine and a model, as settings. */
async function fakeEngine(folder: TemporaryFolder, habit: Habit = 'works') {
  const engine = await fakeWhisperCli(folder.join('whisper-cli'), habit);
  await writeFile(folder.join('model.bin'), '');
  return { engine, env: { STT_WHISPER_CLI: engine.file, STT_MODEL: folder.join('model.bin') } };
}

const eventsIn = (stdout: string): Record<string, unknown>[] =>
  stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

run('tells everything as JSON lines, and ends with 0', async () => {
  await using folder = await temporaryFolder();
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  server.add(sample);
  const end = await sttRun(folder, ['--until-empty', '--json', '--server', server.url], (await fakeEngine(folder)).env);
  assert.is(end.exitCode, 0, end.outputTail);
  const events = eventsIn(end.stdout);
  const names = events.map(({ event }) => event).filter((name) => name !== 'progress');
  assert.equal(names, ['started', 'claimed', 'transcribed', 'summary']);
  assert.ok(events.every(({ time }) => !Number.isNaN(Date.parse(String(time)))));
  const phases = new Set(events.filter(({ event }) => event === 'progress').map(({ phase }) => phase));
  assert.equal([...phases], ['download', 'decode', 'transcribe', 'deliver']);
});

run('writes log lines in a pipe, and ends with 65 when a recording failed', async () => {
  await using folder = await temporaryFolder();
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  server.add(Buffer.alloc(0));
  const env = { ...(await fakeEngine(folder)).env, SERVER_URL: server.url };
  const end = await sttRun(folder, ['--once'], env);
  assert.is(end.exitCode, 65, end.outputTail);
  const lines = eventsIn(end.stdout);
  const said = lines.map(({ msg }) => String(msg)).join('\n');
  assert.match(said, /failed: The recording cannot be read: it is empty/u);
  assert.match(said, /0 recordings transcribed, 1 failed\./u);
});

run('ends with 78 when CRON is wrong, and says what is right', async () => {
  await using folder = await temporaryFolder();
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  const env = { ...(await fakeEngine(folder)).env, SERVER_URL: server.url, CRON: '61 * * * *' };
  const end = await sttRun(folder, ['--json'], env, { timeoutMs: 30_000 });
  assert.is(end.exitCode, 78, end.outputTail);
  assert.match(end.outputTail, /CRON is wrong: "61 \* \* \* \*" has "61" for the minute/u);
  assert.match(end.outputTail, /CRON="0 22 \* \* \*" begins at 22:00/u);
  assert.is(eventsIn(end.stdout).at(-1)?.['code'], 'STT_CRON');
});

for (const [signal, exitCode] of [
  ['SIGTERM', 0],
  ['SIGINT', 130],
] as const) {
  run(`hands the task back at ${signal}, leaves nothing running, and ends with ${exitCode}`, async () => {
    await using folder = await temporaryFolder();
    await using server = await startFakeServer({ flavour: 'protocol 2' });
    server.add(sample);
    const { engine, env } = await fakeEngine(folder, 'ignores_sigterm');
    let pid = 0;
    const running = sttRun(folder, [], env, {
      // The shell tells its process id, and becomes the program.
      file: 'sh',
      args: [
        '-c',
        `echo $$; exec "${process.execPath}" "${packageFolder}/bin/stt.js" run --json --server ${server.url}`,
      ],
      onLine: (line) => (pid ||= Number(line)),
    });
    const engines = await engine.pids();
    const stoppedAt = performance.now();
    process.kill(pid, signal);
    const end = await running;
    assert.is(end.exitCode, exitCode, end.outputTail);
    assert.ok(performance.now() - stoppedAt < 5000);
    assert.is(server.callsOf('release').length, 1);
    for (const enginePid of engines) assert.not(isRunning(enginePid));
  });
}

run('ends with 69 when the server is not there', async () => {
  await using folder = await temporaryFolder();
  const end = await sttRun(
    folder,
    ['--until-empty', '--json', '--server', 'http://127.0.0.1:9'],
    (await fakeEngine(folder)).env,
  );
  assert.is(end.exitCode, 69);
  assert.ok(end.durationMs < 30_000);
  assert.match(end.outputTail, /The server http:\/\/127\.0\.0\.1:9 cannot be used: .*ECONNREFUSED/u);
  assert.is(eventsIn(end.stdout).at(-1)?.['code'], 'STT_SERVER_AWAY');
});

run('ends with 69 and says so before it asks for work when ffmpeg is missing', async () => {
  await using folder = await temporaryFolder();
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  server.add(sample);
  await mkdir(folder.join('empty'));
  await symlink(process.execPath, folder.join('empty', 'node'));
  const env = { ...(await fakeEngine(folder)).env, PATH: folder.join('empty') };
  const end = await sttRun(folder, ['--once', '--server', server.url], env);
  assert.is(end.exitCode, 69);
  assert.match(end.outputTail, /"ffmpeg" was not found.*Install it/su);
  assert.is(server.calls.length, 0);
});

run('ends with 78 when the engine or the model is missing', async () => {
  await using folder = await temporaryFolder();
  const { engine } = await fakeEngine(folder);
  const engineMissing = await sttRun(folder, ['--once'], {});
  assert.is(engineMissing.exitCode, 78);
  assert.match(engineMissing.outputTail, /whisper-cli is not there.*stt setup --backend cpu/su);
  const modelMissing = await sttRun(folder, ['--once', '--model', 'medium'], { STT_WHISPER_CLI: engine.file });
  assert.is(modelMissing.exitCode, 78);
  assert.match(modelMissing.outputTail, /ggml-medium\.bin is not there/u);
});

run('ends with 78 when the model is damaged', async () => {
  await using folder = await temporaryFolder();
  const end = await sttRun(folder, ['--once'], (await fakeEngine(folder, 'cannot_load_the_model')).env);
  assert.is(end.exitCode, 78);
  assert.match(end.outputTail, /cannot load the model .*model\.bin.*bad magic/su);
});

const engine = findTestEngine();
const withEngine = (title: string, test: () => Promise<void>): void =>
  engine === undefined ? run.skip(title, test) : run(title, test);

withEngine('transcribes real speech with the real engine', async () => {
  await using folder = await temporaryFolder();
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  server.add(sample);
  await mkdir(folder.join('data', 'models'), { recursive: true });
  await copyFile(engine?.model ?? '', folder.join('data', 'models', 'ggml-demo-digits.bin'));
  const args = ['--until-empty', '--model', 'demo-digits', '--threads', '1', '--server', server.url];
  const end = await sttRun(folder, args, { STT_WHISPER_CLI: engine?.whisperCli ?? '' });
  assert.is(end.exitCode, 0, end.outputTail);
  const { cues } = parseTranscript(String(server.callsOf('result')[0]?.body['vtt']));
  assert.match(spokenText(cues), /^(?:(?:zero|one|two|three|four|five|six|seven|eight|nine) ?){5,}$/u);
  assert.match(end.stdout, 'demo model: knows spoken digits only');
});

run.run();
