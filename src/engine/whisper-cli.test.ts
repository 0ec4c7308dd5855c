import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fakePrograms } from '../../test/support/fake-programs.ts';
import { eventually } from '../../test/support/eventually.ts';
import { withHurriedTimers } from '../../test/support/hurried-timers.ts';
import { isRunning } from '../../test/support/processes.ts';
import { findTestEngine } from '../../test/support/engine.ts';
import { rejects } from '../../test/support/rejects.ts';
import { type TemporaryFolder, temporaryFolder } from '../../test/support/temporary-folder.ts';
import { decodeAudio } from '../audio/decode-audio.ts';
import { packageFolder } from '../package-folder.ts';
import { parseTranscript, spokenText } from '../protocol/web-vtt.ts';
import type { Engine } from './find-engine.ts';
import { judgeTranscript, type Judgement } from './judge-transcript.ts';
import { proveEngine } from './prove-engine.ts';
import { proveOnSample } from './prove-on-sample.ts';
import { plainRunOptions } from './run-options.ts';
import { silentWav } from './silent-wav.ts';
import { fakeWhisperCli, type Habit, heardText } from './testing/fake-whisper-cli.ts';
import { type EngineRun, transcribe } from './whisper-cli.ts';

const run = suite('whisper-cli');

const audioSeconds = 3;
const never = new AbortController().signal;

const engineOf = (whisperCli: string, modelFile = '/no/model'): Engine => ({
  whisperCli,
  modelFile,
  modelName: 'any',
  vadModelFile: undefined,
  isDemoModel: false,
  expectsGpu: false,
  run: plainRunOptions,
});

async function runEngine(
  folder: TemporaryFolder,
  engine: Engine,
  more: { signal?: AbortSignal; onProgress?: (fraction: number) => void } = {},
): Promise<EngineRun> {
  await writeFile(folder.join('a.wav'), silentWav(audioSeconds));
  return transcribe(engine, {
    wavFile: folder.join('a.wav'),
    audioSeconds,
    outputBase: folder.join('a'),
    language: 'en',
    threads: 1,
    signal: never,
    ...more,
  });
}

const judge = (ended: EngineRun): Judgement =>
  judgeTranscript(ended, { seconds: audioSeconds, soundUntilSeconds: undefined });

async function verdictOn(habit: Habit): Promise<Judgement> {
  await using folder = await temporaryFolder();
  const { file } = await fakeWhisperCli(folder.join('whisper-cli'), habit);
  return judge(await runEngine(folder, engineOf(file)));
}

const reasonFor = async (habit: Habit): Promise<string> => {
  const verdict = await verdictOn(habit);
  return verdict.kind === 'failed' ? verdict.reason : verdict.kind;
};

run('gives the transcript, and progress from percents and segments', async () => {
  await using folder = await temporaryFolder();
  const { file } = await fakeWhisperCli(folder.join('whisper-cli'), 'works');
  const seen: number[] = [];
  const ended = await runEngine(folder, engineOf(file), { onProgress: (fraction) => seen.push(fraction) });
  assert.match(ended.vtt ?? '', heardText);
  assert.is(ended.heardUntilSeconds, 3);
  assert.ok(ended.endedWell);
  assert.is(seen.at(-1), 1);
  assert.equal(
    seen,
    seen.toSorted((one, other) => one - other),
  );
});

run('has every bad habit judged by what was written', async () => {
  assert.is(await reasonFor('hears_nothing'), 'no_speech');
  assert.is(await reasonFor('writes_nothing'), 'the engine wrote no transcript');
  assert.is(await reasonFor('writes_half'), 'the transcript is cut off (is the disk full?)');
  assert.match(await reasonFor('writes_garbage'), 'not WebVTT');
  assert.match(await reasonFor('crashes'), /no transcript \(killed by SIGSEGV/u);
  assert.is(await reasonFor('exits_zero_silently'), 'the engine wrote no transcript');
  assert.is(await reasonFor('prints_nothing'), 'ok');
  assert.equal(await verdictOn('hears_a_loop').then(reasonsOf), ['repeats']);
});

const reasonsOf = (judgement: Judgement): unknown => (judgement.kind === 'suspect' ? judgement.reasons : judgement);

run('has it said whose fault it is', async () => {
  const faultOf = async (habit: Habit): Promise<string> => {
    const judgement = await verdictOn(habit);
    return judgement.kind === 'failed' ? judgement.fault : judgement.kind;
  };
  assert.is(await faultOf('crashes'), 'engine');
  assert.is(await faultOf('writes_garbage'), 'engine');
  assert.is(await faultOf('killed_from_outside'), 'machine');
  assert.is(await faultOf('writes_an_empty_file'), 'machine');
  assert.is(await faultOf('cannot_write'), 'machine');
});

run('knows a signal that a script around the engine passes on as a number', async () => {
  await using folder = await temporaryFolder();
  for (const [exitCode, by] of [
    [137, 'outside'],
    [139, 'crash'],
    [3, 'itself'],
  ] as const) {
    await writeFile(folder.join('wrapper'), `#!/bin/sh\nexit ${exitCode}\n`, { mode: 0o755 });
    assert.is((await runEngine(folder, engineOf(folder.join('wrapper')))).endedBy, by);
  }
});

run('doubts a transcript that ends long before the sound', async () => {
  await using folder = await temporaryFolder();
  const { file } = await fakeWhisperCli(folder.join('whisper-cli'), 'ends_early');
  const ended = await runEngine(folder, engineOf(file));
  const judgement = judgeTranscript(ended, { seconds: 300, soundUntilSeconds: 300 });
  assert.equal(reasonsOf(judgement), ['ends_early']);
});

run('tells which GPUs there are and which one it works on', async () => {
  await using folder = await temporaryFolder();
  const { file } = await fakeWhisperCli(folder.join('whisper-cli'), 'two_gpus');
  const options = { folder: folder.path, threads: 1, signal: never };
  const devices = ['NVIDIA GeForce RTX 3090', 'NVIDIA GeForce RTX 3090'];
  assert.equal(await proveEngine(engineOf(file), options), { devices, gpuInUse: 'CUDA0' });
  assert.equal(await proveEngine(engineOf(file), { ...options, device: 1 }), { devices, gpuInUse: 'CUDA1' });
  assert.equal((await proveOnSample(engineOf(file), { ...options, device: 2 })).gpus, { devices, gpuInUse: undefined });
});

run('has no limit on memory, and dumps no core', async () => {
  await using folder = await temporaryFolder();
  const script = '#!/bin/sh\necho "$(ulimit -v) $(ulimit -c)" >&2\n';
  await writeFile(folder.join('whisper-cli'), script, { mode: 0o755 });
  const ended = await runEngine(folder, engineOf(folder.join('whisper-cli')));
  assert.match(ended.lastWords, process.platform === 'linux' ? /^unlimited 0$/u : /^unlimited /u);
});

run('does not wait for a grandchild that keeps the output open, and ends it', async () => {
  await using folder = await temporaryFolder();
  const fake = await fakeWhisperCli(folder.join('whisper-cli'), 'leaks_its_output');
  const ended = await runEngine(folder, engineOf(fake.file));
  assert.is(judge(ended).kind, 'ok');
  for (const pid of await fake.pids()) await eventually(() => !isRunning(pid), 'the grandchild is gone');
});

for (const habit of ['hangs', 'ignores_sigterm'] as const) {
  run(`is gone within seconds when asked, also when it ${habit.replaceAll('_', ' ')}`, async () => {
    await using folder = await temporaryFolder();
    const fake = await fakeWhisperCli(folder.join('whisper-cli'), habit);
    const stop = new AbortController();
    const startedAt = performance.now();
    const running = runEngine(folder, engineOf(fake.file), {
      signal: stop.signal,
      onProgress: () => stop.abort(new Error('stop')),
    });
    await rejects(running, /stop/u);
    assert.ok(performance.now() - startedAt < 5000);
    for (const pid of await fake.pids()) assert.not(isRunning(pid));
  });
}

run('is ended when it takes longer than any machine needs', async () => {
  await using folder = await temporaryFolder();
  const fake = await fakeWhisperCli(folder.join('whisper-cli'), 'hangs');
  const ended = await withHurriedTimers(500, () => runEngine(folder, engineOf(fake.file)));
  assert.is(ended.end, 'stopped after its deadline');
  assert.is(ended.endedBy, 'deadline');
  assert.is(judge(ended).kind, 'failed');
  for (const pid of await fake.pids()) assert.not(isRunning(pid));
});

run('is proven before work, and names the model in the words of the engine', async () => {
  await using folder = await temporaryFolder();
  const prove = async (habit: Habit) => {
    const { file } = await fakeWhisperCli(folder.join(habit), habit);
    await proveEngine(engineOf(file, '/models/cut.bin'), { folder: folder.path, threads: 1, signal: never });
  };
  await prove('works');
  const error = await rejects(
    prove('cannot_load_the_model'),
    /cannot load the model \/models\/cut\.bin:\n.*bad magic/u,
  );
  assert.equal([error['code'], error['exitCode']], ['STT_MODEL_DAMAGED', 78]);
});

run('is refused when it does not start at all', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.join('broken'), '#!/bin/sh\necho "error while loading shared libraries" >&2\nexit 127\n', {
    mode: 0o755,
  });
  const options = { folder: folder.path, threads: 1, signal: never };
  const error = await rejects(proveEngine(engineOf(folder.join('broken')), options), /shared libraries/u);
  assert.equal([error['code'], error['exitCode']], ['STT_ENGINE_BROKEN', 78]);
  const missing = await rejects(
    proveEngine(engineOf('no-such-whisper-cli'), options),
    /"no-such-whisper-cli" was not found/u,
  );
  assert.equal([missing['code'], missing['exitCode']], ['STT_ENGINE_MISSING', 78]);
});

run('is tried on the bundled sample, where a recording could not be transcribed', async () => {
  await using folder = await temporaryFolder();
  const options = { folder: folder.path, threads: 1, signal: never };
  const engineThat = async (habit: Habit): Promise<Engine> =>
    engineOf((await fakeWhisperCli(folder.join(habit), habit)).file);
  await proveOnSample(await engineThat('writes_nothing'), options);
  const broken = await engineThat('breaks_for_a_while');
  await writeFile(`${broken.whisperCli}.broken`, '');
  const error = await rejects(proveOnSample(broken, options), /cannot transcribe the bundled sample: .*\n.*no GPU/u);
  assert.equal([error['code'], error['exitCode']], ['STT_ENGINE_BROKEN', 78]);
  await rm(`${broken.whisperCli}.broken`);
  await proveOnSample(broken, options);
});

run('is refused where it hears nothing in the sample, and not blamed for this machine', async () => {
  await using folder = await temporaryFolder();
  const options = { folder: folder.path, threads: 1, signal: never };
  const engineThat = async (script: string): Promise<Engine> => {
    await writeFile(folder.join('engine'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return engineOf(folder.join('engine'));
  };
  const output = `'${folder.join('sample.vtt')}'`;
  const deaf = await rejects(
    proveOnSample(await engineThat(`printf 'WEBVTT\\n\\n' > ${output}`), options),
    /hears nothing/u,
  );
  assert.is(deaf['code'], 'STT_ENGINE_BROKEN');
  const hindered = await rejects(proveOnSample(await engineThat(`: > ${output}`), options), /is the disk full/u);
  assert.equal([hindered['code'], hindered['exitCode']], ['STT_MACHINE_TROUBLE', 69]);
  await using programs = await fakePrograms({ ffmpeg: 'echo "broken" >&2; exit 1' });
  const ffmpeg = await rejects(proveOnSample(await engineThat('true'), options), /ffmpeg cannot decode the bundled/u);
  assert.equal([ffmpeg['code'], (await programs.calls()).length], ['STT_FFMPEG_BROKEN', 1]);
});

const engine = findTestEngine();
const withEngine = (title: string, test: () => Promise<void>): void =>
  engine === undefined ? run.skip(title, test) : run(title, test);
const real = (modelFile: string): Engine => engineOf(engine?.whisperCli ?? '', modelFile);
const copyModel = (file: string): Promise<void> => copyFile(engine?.model ?? '', file);

withEngine('transcribes real speech with the real engine', async () => {
  await using folder = await temporaryFolder();
  await copyModel(folder.join('demo.bin'));
  const samples = path.join(packageFolder, 'whisper', 'demo-model', 'samples');
  await copyFile(path.join(samples, 'digits-en-short.mp3'), folder.join('recording'));
  const decoded = await decodeAudio({ file: folder.join('recording'), wavFile: folder.join('a.wav'), signal: never });
  assert.ok(decoded.kind === 'decoded');
  const ended = await transcribe(real(folder.join('demo.bin')), {
    wavFile: folder.join('a.wav'),
    audioSeconds: decoded.audioSeconds,
    outputBase: folder.join('a'),
    language: 'auto',
    threads: 1,
    signal: never,
  });
  const verdict = judgeTranscript(ended, {
    seconds: decoded.audioSeconds,
    soundUntilSeconds: decoded.soundUntilSeconds,
  });
  assert.ok(verdict.kind === 'ok');
  const truth = await readFile(path.join(samples, 'digits-en-short.txt'), 'utf8');
  assert.is(spokenText(parseTranscript(verdict.vtt).cues), truth.trim());
  assert.is(ended.detectedLanguage, 'en');
});

withEngine('is proven on the bundled sample with the real engine', async () => {
  await using folder = await temporaryFolder();
  await copyModel(folder.join('demo.bin'));
  const options = { folder: folder.path, threads: 1, signal: never };
  const proven = await proveOnSample(real(folder.join('demo.bin')), options);
  assert.equal(proven.gpus, { devices: [], gpuInUse: undefined });
  assert.ok(proven.seconds > 0 && Math.round(proven.audioSeconds) === 6);
});

run('breaks off an engine that would work on the CPU where it had a GPU', async () => {
  await using folder = await temporaryFolder();
  const { file } = await fakeWhisperCli(folder.join('whisper-cli'), 'loses_its_gpu');
  const options = { folder: folder.path, threads: 1, signal: never };
  assert.is((await proveEngine(engineOf(file), options)).gpuInUse, 'CUDA0');
  const engine = { ...engineOf(file), expectsGpu: true };
  await proveOnSample(engine, options);
  await writeFile(`${file}.broken`, '');
  const error = await rejects(
    proveOnSample(engine, options),
    /finds none now: whisper_backend_init_gpu: no GPU found/u,
  );
  assert.is(error['code'], 'STT_ENGINE_GPU_LOST');
  assert.is((await proveEngine(engineOf(file), options)).gpuInUse, undefined);
});

withEngine('hears nothing in silence with the real engine', async () => {
  await using folder = await temporaryFolder();
  await copyModel(folder.join('demo.bin'));
  const ended = await runEngine(folder, real(folder.join('demo.bin')));
  assert.is(judge(ended).kind, 'no_speech');
});

withEngine('finds a model that is cut, empty or no model with the real engine', async () => {
  await using folder = await temporaryFolder();
  await copyModel(folder.join('whole.bin'));
  const whole = await readFile(folder.join('whole.bin'));
  const options = { folder: folder.path, threads: 1, signal: never };
  await proveEngine(real(folder.join('whole.bin')), options);
  for (const bytes of [
    whole.subarray(0, whole.length - 1000),
    whole.subarray(0, 100_000),
    whole.subarray(0, 50_000),
    whole.subarray(0, 1000),
    Buffer.from('<html>Not found</html>'),
    Buffer.alloc(0),
  ]) {
    await writeFile(folder.join('damaged.bin'), bytes);
    const error = await rejects(proveEngine(real(folder.join('damaged.bin')), options), /damaged\.bin/u);
    assert.is(error['code'], 'STT_MODEL_DAMAGED');
  }
});

run.run();
