/**
 * A stand-in for whisper-cli that a test leads while a worker runs: what it does with the next recording, by its language where the
 * test wants that, and with the proof before. It writes down each of its runs. Used by fault tests only.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';

/** What it does once it has been given audio; see the program below. `steady 10`: it is done in ten seconds, with progress. */
export type Mood = keyof typeof moods | `steady ${number}`;

const moods = {
  works: `done();`,
  hangs: `say('progress =  10%'); wait();`,
  'ignores SIGTERM': `process.on('SIGTERM', () => {}); say('progress =  10%'); wait();`,
  /** As whisper-cli does: a transcript that cannot be written is no failure. */
  'waits for go': `const timer = setInterval(() => { if (existsSync(own('go'))) { clearInterval(timer); try { done(); } catch {} } }, 20);`,
  crashes: `say('GGML_ASSERT failed'); process.kill(process.pid, 'SIGSEGV'); wait();`,
  fails: `say('no GPU found'); process.exitCode = 1;`,
  'writes nothing': ``,
  'prints nothing': `write();`,
  steady: `
    const startedAt = Date.now();
    const timer = setInterval(() => {
      const percent = Math.floor((Date.now() - startedAt) / mood.split(' ')[1] / 10);
      if (percent < 100) return say('progress = ' + percent + '%');
      clearInterval(timer); done();
    }, 50);`,
} as const;

export type Moods = {
  recordings: Mood;
  /** Instead, for recordings in these languages. */
  languages?: Record<string, Mood>;
  /** For whatever else the worker tries the engine on. */
  proof?: Mood;
  /** Lines that it begins with, as whisper.cpp tells of GPUs. */
  says?: string[];
};

export type EngineRun = { pid: number; args: string[]; isRecording: boolean; startedAtMs: number };

export type ScriptedEngine = {
  file: string;
  /** From the next run on. */
  behave: (moods: Moods | Mood) => void;
  /** Those that wait go on. */
  go: () => void;
  /** So far, also those that have ended. */
  runs: () => EngineRun[];
  runsOnRecordings: () => EngineRun[];
};

export function scriptedEngine(file: string, first: Moods | Mood = 'works'): ScriptedEngine {
  const behave = (next: Moods | Mood): void =>
    writeFileSync(`${file}.moods`, JSON.stringify(typeof next === 'string' ? { recordings: next } : next));
  behave(first);
  rmSync(`${file}.go`, { force: true });
  writeFileSync(`${file}.runs`, '');
  writeFileSync(file, program(file), { mode: 0o755 });
  const runs = (): EngineRun[] =>
    readFileSync(`${file}.runs`, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as EngineRun);
  return {
    file,
    behave,
    go: () => writeFileSync(`${file}.go`, ''),
    runs,
    runsOnRecordings: () => runs().filter(({ isRecording }) => isRecording),
  };
}

function program(file: string): string {
  return `#!${process.execPath}
const { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } = require('node:fs');
const own = (name) => ${JSON.stringify(file)} + '.' + name;
const after = (flag) => process.argv[process.argv.indexOf(flag) + 1];
const say = (line) => process.stderr.write(line + '\\n');
const wait = () => setInterval(() => {}, 1000);
const { recordings, languages = {}, proof = 'works', says = [] } = JSON.parse(readFileSync(own('moods'), 'utf8'));
const isRecording = after('-f').endsWith('/audio.wav');
const isSilence = after('-f').endsWith('silence.wav');
const mood = isRecording ? (languages[after('--language')] ?? recordings) : proof;
appendFileSync(own('runs'), JSON.stringify({ pid: process.pid, args: process.argv.slice(2), isRecording, startedAtMs: Date.now() }) + '\\n');
says.forEach(say);
const end = new Date((statSync(after('-f')).size - 44) / 32).toISOString().slice(11, 23);
const write = () => writeFileSync(after('-of') + '.vtt', 'WEBVTT\\n\\n' + (isSilence ? '' : '00:00:00.000 --> ' + end + '\\n one & two\\n\\n'));
const done = () => {
  if (!isSilence) console.log('[00:00:00.000 --> ' + end + ']  one & two');
  say('progress = 100%');
  write();
};
const habits = { ${Object.entries(moods)
    .map(([name, code]) => `${JSON.stringify(name)}: () => { ${code} }`)
    .join(',\n')} };
habits[mood.startsWith('steady') ? 'steady' : mood]();
`;
}
