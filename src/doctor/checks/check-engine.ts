/** Whether the engine is there and starts, and what set-up wrote about it. It loads no model yet. */
import type { DataPaths } from '../../config/data-paths.ts';
import { type EngineFile, readEngineFile } from '../../engine/engine-file.ts';
import type { EngineSettings } from '../../engine/find-engine.ts';
import { exitCodes } from '../../exit-codes.ts';
import { printable } from '../../printable.ts';
import type { EngineRecord } from '../../setup/engines/engine-record.ts';
import { readEngineRecord } from '../../setup/engines/engine-store.ts';
import { askForHelp } from '../../setup/engines/why-not-started.ts';
import { type Checked, fail, ok, warn } from '../finding.ts';
import { findWhisperCli } from '../../engine/find-engine.ts';

export type EngineSeen = {
  /** Undefined: set-up did not make it, or `engine.json` is damaged. */
  file: EngineFile | undefined;
  /** Of the data folder, where set-up puts engines; false: STT_WHISPER_CLI names it, and set-up does not touch it. */
  isOwn: boolean;
};

export type EngineLook = {
  settings: EngineSettings;
  paths: DataPaths;
  shortPath: (file: string) => string;
  signal: AbortSignal;
};

/** @throws AppError STT_ENGINE_MISSING. */
export async function checkEngine({ settings, paths, shortPath, signal }: EngineLook): Promise<Checked<EngineSeen>> {
  const whisperCli = await findWhisperCli(settings, paths);
  const isOwn = settings.whisperCli === undefined;
  const start = await askForHelp(whisperCli, signal);
  if (start.kind === 'broken') {
    const [first = '', ...rest] = start.why.split('\n');
    const said = rest.length === 0 ? '' : ` (${printable(rest.at(-1) ?? '')})`;
    const fix = isOwn
      ? 'Run "stt setup": it finds what is missing; with --force it builds the engine anew.'
      : 'Mend it, or unset STT_WHISPER_CLI and run "stt setup".';
    return fail(`${shortPath(whisperCli)} does not start: ${first}${said}`, fix, 'STT_ENGINE_BROKEN', exitCodes.config);
  }
  if (!start.isWhisperCli) {
    const fix = isOwn
      ? 'Build the engine anew with "stt setup --force".'
      : 'Set STT_WHISPER_CLI to a whisper-cli of whisper.cpp, or unset it and run "stt setup".';
    const found = `${shortPath(whisperCli)} starts, but is no whisper-cli: its --help does not tell of --model and --output-vtt`;
    return fail(found, fix, 'STT_ENGINE_BROKEN', exitCodes.config);
  }
  const record = isOwn ? await readEngineRecord(paths.whisperCpp) : undefined;
  const file = record ?? (await readEngineFile(whisperCli));
  return judgeEngine({ file, record, shown: shortPath(whisperCli), isOwn });
}

export type StartedEngine = EngineSeen & {
  /** All that set-up wrote, where it is an engine of the data folder. */
  record: EngineRecord | undefined;
  /** Its path. */
  shown: string;
};

/** That it starts has been seen. */
export function judgeEngine({ file, record, shown, isOwn }: StartedEngine): Checked<EngineSeen> {
  const seen = { file, isOwn };
  if (file === undefined) {
    if (!isOwn) return ok(`${shown} starts; set-up did not make it`, seen);
    const fix = 'Run "stt setup": it makes an engine whose origin is known, or takes this one over (--adopt).';
    return warn(`${shown} starts, but no engine.json says what it is`, fix, seen);
  }
  const { backend, proof, run } = file;
  const variant = record?.variant === undefined ? '' : ` (${record.variant.name})`;
  const options = run.arguments.length === 0 ? '' : `, with ${run.arguments.join(' ')}`;
  const name = record === undefined ? shown : `whisper.cpp ${record.source.version}`;
  const made = `${name} for ${backend}${variant} starts${options}`;
  if (proof === undefined) {
    // Set-up would not prove it; the sample does.
    if (!isOwn) return ok(made, seen);
    return warn(`${made}; never proven here`, 'Run "stt setup": it proves the engine on a sample.', seen);
  }
  const { at, device, speed, model } = proof;
  return ok(
    `${made}; proven on ${device} with ${model.name} on ${at.slice(0, 10)}, ${speed.toFixed(1)} x real time`,
    seen,
  );
}
