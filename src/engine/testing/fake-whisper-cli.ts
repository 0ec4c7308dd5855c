/**
 * Programs that stand in for whisper-cli, each with one bad habit. They get through the proof of a second of silence (unless that
 * is the habit), so that a worker starts with them. Used by tests only.
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
  cannot_load_the_model: ``,
  /** After the proof. */
  removes_itself: ``,
  /** From the first recording on. */
  breaks: ``,
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
if (${habit === 'breaks'} && (!after('-f').endsWith('silence.wav') || existsSync(__filename + '.broken'))) {
  writeFileSync(__filename + '.broken', '');
  say('no GPU found');
  process.exit(1);
}
if (after('-f').endsWith('silence.wav')) write('WEBVTT\\n\\n');
else {
  note(process.pid);
  const end = new Date((statSync(after('-f')).size - 44) / 32).toISOString().slice(11, 23);
  const vtt = 'WEBVTT\\n\\n00:00:00.000 --> ' + end + '\\n ${heardText}\\n\\n';
  const segment = () => console.log('[00:00:00.000 --> ' + end + ']  ${heardText}');
  ${habits[habit]}
}
`;
}
