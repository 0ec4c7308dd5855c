/** Whether ffmpeg is there, starts, and decodes a recording. There is no ffprobe: the worker never starts one. */
import { requireFfmpeg, runFfmpeg } from '../../audio/run-ffmpeg.ts';
import { decodeSample } from '../../engine/prove-on-sample.ts';
import { printable } from '../../printable.ts';
import { type Checked, ok } from '../finding.ts';
import { inOwnFolder } from '../own-folder.ts';

/** @throws AppError STT_TOOL_MISSING, STT_FFMPEG_BROKEN, STT_DISK_FULL, STT_TEMPORARY_FOLDER. */
export async function checkFfmpeg(signal: AbortSignal): Promise<Checked> {
  await requireFfmpeg(signal);
  const version = await ffmpegVersion(signal);
  await inOwnFolder((folder) => decodeSample(folder, signal));
  return ok(`${version} decodes the bundled sample`, undefined);
}

/** `ffmpeg 7.1.1`. */
async function ffmpegVersion(signal: AbortSignal): Promise<string> {
  let first: string | undefined;
  const onProgressLine = (line: string): void => void (first ??= line);
  await runFfmpeg({ args: ['-hide_banner', '-version'], timeoutMs: 20_000, signal, onProgressLine });
  const version = /^ffmpeg version (\S+)/u.exec(first ?? '')?.[1];
  return version === undefined ? 'ffmpeg' : `ffmpeg ${printable(version)}`;
}
