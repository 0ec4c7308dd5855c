/**
 * Programs that stand in for whisper-cli, each with one bad habit. They get through the proofs, on a second of silence and on the
 * bundled sample (unless that is the habit), so that a worker starts with them and blames what it should. Used by tests only.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { eventually } from '../../../test/support/eventually.ts';

export type Habit = keyof typeof habits;

/** What each does once it has been given a recording; `vtt`, `segment` and `say` are defined in the program below. */
const habits = {
  works: `say('progress =  50%'); segment(); say('progress = 100%'); write(vtt);`,
  hears_nothing: `write('WEBVTT\\n\\n');`,
  writes_nothing: ``,
  writes_half: `segment(); write(vtt.slice(0, -12));`,
  writes_garbage: `write('\\u0000\\u0001 no transcript\\n\\n');`,
  crashes: `say('GGML_ASSERT failed'); process.kill(process.pid, 'SIGSEGV'); setInterval(() => {}, 1000);`,
  hangs: `say('progress =  10%'); setInterval(() => {}, 1000);`,
  ignores_sigterm: `process.on('SIGTERM', () => {}); say('progress =  10%'); setInterval(() => {}, 1000);`,
  leaks_its_output: `
    const child = spawn(process.execPath, ['-e', "process.on('SIGTERM', () => {}); setTimeout(() => {}, 60000)"], { stdio: 'inherit' });
    note(child.pid); child.unref(); segment(); write(vtt); process.exit(0);`,
  /** Named like it, with `.go`: then it is through. */
  waits_for_a_file: `say('progress =  10%'); setInterval(() => { if (existsSync(__filename + '.go')) { write(vtt); process.exit(0); } }, 20);`,
  exits_zero_silently: `process.exit(0);`,
  prints_nothing: `write(vtt);`,
  /** A full disk: whisper-cli does not look, and ends well. */
  writes_an_empty_file: `segment(); write('');`,
  cannot_write: `segment(); say("error: failed to open '" + after('-of') + ".vtt' for writing");`,
  killed_from_outside: `say('progress =  10%'); process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000);`,
  /** The same line from the beginning to the end. */
  hears_a_loop: `const loop = Array.from({ length: 30 }, (_, at) => cue(at / 30, (at + 1) / 30, 'and so on and on')).join('');
    write('WEBVTT\\n\\n' + loop);`,
  /** Hears the first hundredth only. */
  ends_early: `write('WEBVTT\\n\\n' + cue(0, 0.01, 'the beginning'));`,
  /** Prints what a build for CUDA prints on a machine with two cards. */
  two_gpus: `segment(); write(vtt);`,
  /** While there is a file of its name and `.broken`. */
  loses_its_gpu: `segment(); write(vtt);`,
  cannot_load_the_model: ``,
  /** After the proof. */
  removes_itself: ``,
  /** From the first recording on. */
  breaks: ``,
  /** While there is a file of its name and `.broken`; works otherwise. */
  breaks_for_a_while: `segment(); write(vtt);`,
} as const;

/** What every one of them hears. */
export const heardText = 'one & two';

export type FakeWhisperCli = {
  file: string;
  /** Process ids of all it started for recordings, once there is one. */
  pids: () => Promise<number[]>;
};

export async function fakeWhisperCli(file: string, habit: Habit): Promise<FakeWhisperCli> {
  const pidFile = `${file}.pids`;
  await writeFile(pidFile, '');
  await writeFile(file, program(habit, pidFile), { mode: 0o755 });
  const pids = async (): Promise<number[]> => (await readFile(pidFile, 'utf8')).split('\n').filter(Boolean).map(Number);
  return {
    file,
    pids: () =>
      eventually(async () => {
        const known = await pids();
        return known.length > 0 ? known : undefined;
      }, 'the engine runs'),
  };
}

function program(habit: Habit, pidFile: string): string {
  return `#!${process.execPath}
const { spawn } = require('node:child_process');
const { appendFileSync, existsSync, statSync, unlinkSync, writeFileSync } = require('node:fs');
const after = (flag) => process.argv[process.argv.indexOf(flag) + 1];
const note = (pid) => appendFileSync(${JSON.stringify(pidFile)}, pid + '\\n');
const say = (line) => process.stderr.write(line + '\\n');
const write = (text) => writeFileSync(after('-of') + '.vtt', text);
if (${habit === 'cannot_load_the_model'}) {
  say('whisper_model_load: invalid model data (bad magic)');
  say('error: failed to initialize whisper context');
  process.exit(3);
}
if (${habit === 'removes_itself'}) unlinkSync(__filename);
if (${habit === 'two_gpus'}) {
  const used = process.argv.includes('-dev') ? Number(after('-dev')) : 0;
  say('ggml_cuda_init: found 2 CUDA devices (Total VRAM: 48252 MiB):');
  for (const at of [0, 1]) say('  Device ' + at + ': NVIDIA GeForce RTX 3090, compute capability 8.6, VMM: yes, VRAM: 24126 MiB');
  say(used < 2 ? 'whisper_backend_init_gpu: using CUDA' + used + ' backend' : 'whisper_backend_init_gpu: no GPU found');
}
if (${habit === 'loses_its_gpu'}) {
  const isLost = existsSync(__filename + '.broken');
  say('whisper_backend_init_gpu: ' + (isLost ? 'no GPU found' : 'using CUDA0 backend'));
}
const isProof = ['silence.wav', 'sample.wav'].some((name) => after('-f').endsWith(name));
if (${habit === 'breaks'} && !isProof) writeFileSync(__filename + '.broken', '');
if (${habit === 'breaks' || habit === 'breaks_for_a_while'} && existsSync(__filename + '.broken')) {
  say('no GPU found');
  process.exit(1);
}
const lengthMs = (statSync(after('-f')).size - 44) / 32;
const time = (share) => new Date(lengthMs * share).toISOString().slice(11, 23);
const cue = (from, to, text) => time(from) + ' --> ' + time(to) + '\\n ' + text + '\\n\\n';
if (after('-f').endsWith('silence.wav')) write('WEBVTT\\n\\n');
else if (isProof) write('WEBVTT\\n\\n' + cue(0, 1, '${heardText}'));
else {
  note(process.pid);
  const end = time(1);
  const vtt = 'WEBVTT\\n\\n00:00:00.000 --> ' + end + '\\n ${heardText}\\n\\n';
  const segment = () => console.log('[00:00:00.000 --> ' + end + ']  ${heardText}');
  ${habits[habit]}
}
`;
}
