/** The command line of whisper-cli: the ancestor's flags, so that transcripts do not change with the worker. Pure. */

export type WhisperTask = {
  modelFile: string;
  /** Set: voice activity detection is on. */
  vadModelFile: string | undefined;
  /** 16 kHz mono. */
  wavFile: string;
  /** whisper-cli adds `.vtt`. */
  outputBase: string;
  /** ISO 639-1, or `auto`. */
  language: string;
  threads: number;
  /** Which GPU; absent: the engine's choice. */
  device?: number;
  /** What this machine's engine is told at each start: `-nfa`. */
  engineArguments?: readonly string[];
};

/** What shapes the transcript, in the order given to whisper-cli. */
const qualityFlags = ['-bs', '5', '--entropy-thold', '2.8', '--max-context', '64'];

export function whisperArguments(task: WhisperTask): string[] {
  return [
    ['-m', task.modelFile],
    ['--language', task.language],
    qualityFlags,
    task.vadModelFile === undefined ? [] : ['--vad', '--vad-model', task.vadModelFile],
    ['-t', String(task.threads)],
    task.device === undefined ? [] : ['-dev', String(task.device)],
    task.engineArguments ?? [],
    ['-f', task.wavFile],
    ['-ovtt', '-of', task.outputBase],
    // Progress on standard error. No -np: it silences the engine's reasons when something fails.
    ['-pp'],
  ].flat();
}

/** The flags that a transcript's reader may want to know. */
export function transcriptFlags(usesVad: boolean): string {
  return [...qualityFlags, ...(usesVad ? ['--vad'] : [])].join(' ');
}
