/**
 * Where a decoded recording falls silent for good, so that a transcript that ends long before can be noticed. Reads the WAV file from
 * its end and no further than the last sound, which costs next to nothing; ffmpeg's silencedetect would cost a fifth of decoding.
 */
import { open } from 'node:fs/promises';
import { wavBytesPerSecond, wavHeaderBytes } from './ffmpeg-arguments.ts';

/** -40 dB: what is below is the room, not a voice. */
const loudestSilence = 0.01 * 32_768;
/** A piece is 50 ms. */
const samplesPerPiece = 800;
const piecesPerSecond = 20;
/** Within a second; less is a click, such as the recorder's own at the end. */
const leastLoudPieces = 4;
/** A pause, not the end. */
const shortestSilenceSeconds = 2;

/**
 * @param wavFile as decode-audio makes it: 16 kHz, mono, 16 bit.
 * @returns seconds from the beginning: 0 where there is no sound at all, the whole length where it goes on to the end.
 * @throws the signal's reason when it aborts.
 */
export async function endOfSound(wavFile: string, audioSeconds: number, signal: AbortSignal): Promise<number> {
  if (audioSeconds < shortestSilenceSeconds) return audioSeconds;
  await using handle = await open(wavFile);
  const samples = new Int16Array(samplesPerPiece * piecesPerSecond);
  for (let end = audioSeconds; end > 0; end -= 1) {
    signal.throwIfAborted();
    const begin = Math.max(0, end - 1);
    const position = wavHeaderBytes + 2 * Math.round((begin * wavBytesPerSecond) / 2);
    const lengthBytes = 2 * Math.round(((end - begin) * wavBytesPerSecond) / 2);
    const { bytesRead } = await handle.read(new Uint8Array(samples.buffer), 0, lengthBytes, position);
    const soundEnd = endOfSoundIn(samples.subarray(0, Math.floor(bytesRead / 2)));
    if (soundEnd === undefined) continue;
    const until = begin + soundEnd;
    return audioSeconds - until < shortestSilenceSeconds ? audioSeconds : until;
  }
  return 0;
}

/** @returns where the last loud piece ends, in seconds; undefined where there is no more than a click. */
export function endOfSoundIn(samples: Int16Array): number | undefined {
  const pieces = Math.ceil(samples.length / samplesPerPiece);
  const loud = Array.from({ length: pieces }, (_, piece) => piece).filter((piece) =>
    isLoud(samples.subarray(piece * samplesPerPiece, (piece + 1) * samplesPerPiece)),
  );
  const last = loud.at(-1);
  return last === undefined || loud.length < leastLoudPieces ? undefined : (last + 1) / piecesPerSecond;
}

const isLoud = (samples: Int16Array): boolean => samples.some((sample) => Math.abs(sample) > loudestSilence);
