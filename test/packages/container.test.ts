// deadline: 900 s
/**
 * The images of packaging/container, built from the Containerfiles as they are and run as the README says: the server and a worker with an
 * engine for the processor. On a machine where nothing is kept from an earlier run, whisper.cpp is compiled.
 */
import { chown, mkdir, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { packageFolder, packageVersion } from '../../src/package-folder.ts';
import { openCompose } from '../support/compose.ts';
import {
  type Container,
  hardened,
  inspectImage,
  makeNetwork,
  makeVolume,
  runContainer,
  startContainer,
  toldArguments,
  words,
} from '../support/container.ts';
import { eventually } from '../support/eventually.ts';
import { samples, wrongWords } from '../support/library.ts';
import { buildImage, nodeImage, openPodman, type Podman, whyNoPodman } from '../support/podman.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { isThere, logIn, makeLibrary, owner, transcriptOf } from './container-library.ts';

const containers = suite('containers');

const why = await whyNoPodman();
if (why !== undefined) console.log(`skipped: containers cannot be run here: ${why}`);
const podman = why === undefined ? await openPodman() : undefined;

/** Skipped, visibly, where there is no podman. */
const test = (title: string, body: (podman: Podman) => Promise<void>): void =>
  podman === undefined ? containers.skip(title) : containers(title, () => body(podman));

const file = (name: string): string => path.join(packageFolder, 'packaging', 'container', name);
const serverImage = 'localhost/stt-server:check';
const workerImage = 'localhost/stt-worker:check';

/** As the Containerfile has it, but compiled in half the time. */
const CMAKE_DEFINES = ['GGML_NATIVE=OFF', 'CMAKE_C_FLAGS_RELEASE=-O1', 'CMAKE_CXX_FLAGS_RELEASE=-O1'].join(' ');

test('both images are built from the Containerfiles as they are', async (podman) => {
  const context = packageFolder;
  const args = { SOURCE: 'https://example.org/stt' };
  const server = await buildImage(podman, { tag: serverImage, file: file('Containerfile.server'), context, args });
  const request = { tag: workerImage, file: file('Containerfile.worker'), context };
  const worker = await buildImage(podman, { ...request, args: { ...args, BACKEND: 'cpu', CMAKE_DEFINES } });
  const base = await inspectImage(podman, nodeImage);
  for (const [image, title, entry, cmd, seconds] of [
    [serverImage, 'stt-server', ['tini', '--', 'stt-server'], null, server],
    [workerImage, 'stt-worker', ['tini', '--', 'stt'], ['run'], worker],
  ] as const) {
    const { Config, Healthcheck, Size } = await inspectImage(podman, image);
    console.log(
      `${title}: built in ${seconds.toFixed(1)} s; ${mb(Size)} MB, ${mb(Size - base.Size)} over ${nodeImage}`,
    );
    assert.is(Config.User, '1000:1000');
    assert.equal(Config.Entrypoint, entry);
    assert.equal(Config.Cmd ?? null, cmd);
    assert.is(Config.StopSignal, 'SIGTERM');
    assert.equal(Healthcheck.Test, ['CMD', 'node', '/app/is-alive.js']);
    assert.ok('/var/lib/stt' in Config.Volumes);
    assert.is(Config.Labels['org.opencontainers.image.title'], title);
    assert.is(Config.Labels['org.opencontainers.image.version'], packageVersion());
    assert.is(Config.Labels['org.opencontainers.image.source'], 'https://example.org/stt');
    assert.is(Config.Labels['org.opencontainers.image.licenses'], 'Apache-2.0');
  }
});

const mb = (bytes: number): string => (bytes / 1e6).toFixed(0);

test('a start without what is needed says what is missing', async (podman) => {
  const open = words('-e AUDIO_DIR=/mnt -e STT_AUTH=false');
  const cases: [args: string[], exitCode: number, said: string][] = [
    [[serverImage], 66, 'The library /mnt/data/video cannot be read'],
    [[...open, serverImage], 78, 'stt-server worker add'],
    [[workerImage], 78, 'stt models download medium'],
  ];
  await Promise.all(
    cases.map(async ([args, exitCode, said]) => {
      const end = await runContainer(podman, [...hardened, ...args]);
      assert.is(end.exitCode, exitCode, end.outputTail);
      assert.match(end.outputTail, said);
    }),
  );
});

test('a worker transcribes what the server has; both stop in time, and what is done stays done', async (podman) => {
  await using folder = await temporaryFolder();
  await using network = await makeNetwork(podman, 'net');
  await using serverState = await makeVolume(podman, 'server');
  await using serverLogs = await makeVolume(podman, 'logs');
  await using workerState = await makeVolume(podman, 'worker');
  const library = await makeLibrary(folder);
  const [short, long] = ['digits-en-short', 'digits-en-long'];
  const first = await library.add(short);

  const hurried = words(`--network ${network.name} -e STT_SETTLE_SECONDS=0 -e STT_SCAN_SECONDS=1`);
  const serverArgs = [
    ...hurried,
    ...(await toldArguments('stt-server', {
      '8000:8000': '127.0.0.1::8000',
      '/mnt/data/video:/': `${library.path}:/`,
      'stt-server:/var/lib/stt': `${serverState.name}:/var/lib/stt`,
      'stt-logs:/': `${serverLogs.name}:/`,
      'stt-server ': `${serverImage} `,
    })),
  ];
  const startedAt = performance.now();
  await using server = await startContainer(podman, 'server', serverArgs);
  await server.seen(/"msg":"listening"/u);
  const added = await server.exec('stt-server', 'worker', 'add', 'here');
  assert.is(added.exitCode, 0, added.outputTail);
  const token = /stt_w_\S+/u.exec(added.stdout)?.[0] ?? '';

  const settings = words(`--network ${network.name} -e STT_MODEL=demo-digits -e STT_PREFETCH=0`);
  const workerArgs = [
    ...settings,
    ...(await toldArguments('stt-worker', {
      'stt-worker:/': `${workerState.name}:/`,
      'SERVER_URL=http://server:8000': `SERVER_URL=http://${server.name}:8000`,
      'STT_TOKEN=...': `STT_TOKEN=${token}`,
      'stt-worker:cpu': workerImage,
    })),
  ];
  {
    await using worker = await startContainer(podman, 'worker', workerArgs);
    await eventually(() => isThere(transcriptOf(first)), 'the transcript lies in the library', 60_000).catch(
      async (error: unknown) => assert.unreachable(`${String(error)}\n${await worker.logs()}\n${await server.logs()}`),
    );
    console.log(`from the start to the first transcript: ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
    assert.is(await wrongWords(first, samples.find(({ name }) => name === short)?.spoken ?? ''), 0);
    const { uid, gid } = await stat(transcriptOf(first));
    assert.equal({ uid, gid }, owner);

    await Promise.all(
      [server, worker].map(async (container) => {
        assert.ok(await container.isHealthy(), `${container.name} is healthy`);
        await isConfined(container);
        await isIllWhenFrozen(container);
      }),
    );

    // In the middle of a recording.
    await library.add(long);
    await worker.seen(/"claimed"[\s\S]*"claimed"/u);
    const { exitCode, seconds } = await worker.stop();
    console.log(`the worker, at work, stopped in ${seconds.toFixed(1)} s`);
    assert.is(exitCode, 0, await worker.logs());
    assert.ok(seconds < 45);
    assert.ok(
      ['pending', 'done'].includes((await statesOf(server)).get(`${long}.mp3`) ?? ''),
      'finished or handed back',
    );
  }
  const stopped = await server.stop();
  console.log(`the server stopped in ${stopped.seconds.toFixed(1)} s`);
  assert.is(stopped.exitCode, 0, await server.logs());
  assert.ok(stopped.seconds < 10);
  const kept = await podman.output(['volume', 'inspect', '--format', '{{.Mountpoint}}', serverLogs.name]);
  assert.match(await logIn(kept), /"msg":"listening"[\s\S]*"msg":"stopped"/u);

  // A new version of the image: the containers are made anew, the volumes stay. Logs as the ancestor's users have them.
  const logs = folder.join('logs');
  await mkdir(logs);
  await chown(logs, owner.uid, owner.gid);
  await server[Symbol.asyncDispose]();
  await rm(path.join(library.path, `${long}.mp3`));
  const renewedArgs = serverArgs.map((word) =>
    word === `${serverLogs.name}:/app/logs` ? `${logs}:/app/logs:Z` : word,
  );
  await using renewed = await startContainer(podman, 'server', renewedArgs);
  await renewed.seen(/"msg":"listening"/u);
  const before = await stat(transcriptOf(first));
  const emptied = await runContainer(podman, [...workerArgs, 'run', '--until-empty']);
  assert.is(emptied.exitCode, 0, emptied.outputTail);
  assert.is((await stat(transcriptOf(first))).mtimeMs, before.mtimeMs);
  assert.is((await statesOf(renewed)).get(`${short}.mp3`), 'done');
  assert.match(await logIn(logs), '"msg":"listening"');
});

/** Path of a recording -> state of its task. */
async function statesOf(server: Container): Promise<Map<string, string>> {
  const { stdout } = await server.exec('stt-server', 'tasks', 'list', '--json');
  const { tasks } = JSON.parse(stdout) as { tasks: { path: string; state: string }[] };
  return new Map(tasks.map(({ path, state }) => [path, state]));
}

/** It is nobody who could do harm, and leaves nothing behind that nobody collects. */
async function isConfined(container: Container): Promise<void> {
  const script =
    'id -u; touch /app/x || echo sealed; grep -c ^State:.Z /proc/[0-9]*/status | grep -cv :0; grep ^Cap /proc/1/status';
  const { stdout } = await container.exec('sh', '-c', script);
  const [uid, sealed, zombies, ...capabilities] = stdout.trim().split('\n');
  assert.equal([uid, sealed, zombies], ['1000', 'sealed', '0'], stdout);
  for (const line of capabilities) assert.match(line, /:\s+0+$/u);
}

/** One that is there and does not answer is not well. */
async function isIllWhenFrozen(container: Container): Promise<void> {
  const pid = await container.pid();
  process.kill(pid, 'SIGSTOP');
  try {
    assert.not.ok(await container.isHealthy(), `${container.name} does not answer, and is not healthy`);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  assert.ok(await container.isHealthy(), `${container.name} answers again`);
}

test('what a killed worker left makes no other one ill', async (podman) => {
  await using state = await makeVolume(podman, 'killed');
  const args = [...hardened, ...words(`-v ${state.name}:/var/lib/stt -e STT_MODEL=demo-digits`), workerImage];
  for (const name of ['first', 'second']) {
    await using worker = await startContainer(podman, name, args);
    await eventually(() => worker.isHealthy(), `the ${name} worker is healthy`, 30_000);
    await worker.kill();
  }
});

test('an ancestor without a token, and a library of another user', async (podman) => {
  await using folder = await temporaryFolder();
  const other = { uid: 4321, gid: 4322 };
  const library = await makeLibrary(folder, other);
  const state = folder.join('state');
  await mkdir(state);
  await chown(state, other.uid, other.gid);
  const recording = await library.add('digits-en-short');
  const mounts = `-v ${state}:/var/lib/stt:Z -v ${library.path}:/mnt/data/video:Z`;
  const settings = '-e STT_AUTH=false -e STT_INSECURE=true -e STT_SETTLE_SECONDS=0 -e LOG_DIR=';
  await using server = await startContainer(podman, 'other', [
    ...hardened,
    ...words(`--user 4321:4322 -p 127.0.0.1::8000 ${mounts} ${settings}`),
    serverImage,
  ]);
  await server.seen(/"msg":"listening"/u);
  const url = `http://${await podman.output(['port', server.name, '8000/tcp'])}`;
  const task = await fetch(`${url}/task`);
  assert.is(task.status, 200, await server.logs());
  assert.ok(Buffer.from(await task.arrayBuffer()).equals(await readFile(recording)));
  const vtt = 'WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nhello\n';
  const delivered = await fetch(`${url}/result`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ id: task.headers.get('x-task-id'), vtt }),
  });
  assert.is(delivered.status, 200);
  const { uid, gid } = await stat(transcriptOf(recording));
  assert.equal({ uid, gid }, other);
  assert.not.match(await server.logs(), 'cannot write the log');
});

test('compose brings server, worker and Caddy together', async (podman) => {
  await using folder = await temporaryFolder();
  const library = await makeLibrary(folder);
  const recording = await library.add('digits-en-short');
  await podman.output(['tag', serverImage, 'localhost/stt-server:latest']);
  await podman.output(['tag', workerImage, 'localhost/stt-worker:cpu']);
  await using compose = await openCompose(podman, folder, { LIBRARY: library.path });

  // All at once, without a token and a model.
  await compose.run(['up', '-d']);
  await eventually(
    async () => (await compose.ask('/readyz'))?.includes('ok'),
    'the server is ready behind Caddy',
    30_000,
  );
  const added = await compose.run(words('exec -T server stt-server worker add here'));
  const STT_TOKEN = /stt_w_\S+/u.exec(added.stdout)?.[0] ?? '';
  const server = compose.nameOf('container', 'server');
  const beside = words(`--network ${compose.nameOf('network', 'workers')} --entrypoint node ${serverImage}`);
  const asked = await runContainer(podman, [...beside, '--input-type=module', '-e', forgery, STT_TOKEN]);
  assert.match(asked.stdout, '200 200');
  const { outputTail: log } = await podman.run(['logs', server]);
  assert.match(log, /"msg":"granted"/u);
  assert.not.match(log, '203.0.113.9', 'a worker is believed what it says of itself');

  const worker = compose.nameOf('container', 'worker');
  const isGivenUp = async (): Promise<boolean> =>
    (await podman.output(['inspect', '--format', '{{.State.Status}} {{.RestartCount}}', worker])) === 'exited 5';
  await eventually(isGivenUp, 'a worker without a model is tried five times more', 60_000);
  assert.match((await podman.run(['logs', worker])).outputTail, 'stt models download medium');
  await compose.run(words('run --rm worker models download demo-digits'));
  // Its oldest versions do not notice that settings are others.
  await podman.output(['rm', '--force', worker]);
  await compose.run(['up', '-d', 'worker'], { STT_TOKEN, STT_MODEL: 'demo-digits' });
  await eventually(() => isThere(transcriptOf(recording)), 'the transcript lies in the library', 60_000).catch(
    async (error: unknown) => {
      throw new Error((await compose.run(['logs', 'worker'])).outputTail, { cause: error });
    },
  );
});

/** Asks for a task as if for somebody else, and hands it back. */
const forgery = `
  const headers = { Authorization: 'Bearer ' + process.argv[1], 'X-STT-Protocol': '2', 'X-Forwarded-For': '203.0.113.9' };
  const task = await fetch('http://server:8000/task', { headers });
  await task.arrayBuffer();
  const body = JSON.stringify({ id: task.headers.get('x-task-id'), reason: 'test' });
  const sent = { ...headers, 'Content-Type': 'application/json' };
  const released = await fetch('http://server:8000/release', { method: 'POST', headers: sent, body });
  console.log(task.status, released.status);
`;

containers.run();
