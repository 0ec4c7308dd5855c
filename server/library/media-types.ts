/** The Content-Type of a recording, from the ending of its name; what is really inside is for ffmpeg to say. Pure. */
import path from 'node:path';

const mediaTypes: Readonly<Record<string, string>> = {
  mp3: 'audio/mpeg',
  wav: 'audio/wav',
  flac: 'audio/flac',
  ogg: 'audio/ogg',
  opus: 'audio/ogg; codecs=opus',
  m4a: 'audio/mp4',
  mp4: 'video/mp4',
  mkv: 'video/x-matroska',
  webm: 'video/webm',
};

export function mediaTypeOf(file: string): string {
  return mediaTypes[extensionOf(file)] ?? 'application/octet-stream';
}

/** `mp3` for `talk.MP3`; empty where there is none. */
export function extensionOf(file: string): string {
  return path.posix.extname(file).slice(1).toLowerCase();
}

/** The name without its ending: a recording, its sidecar and its transcript share it. */
export function stemOf(file: string): string {
  return file.slice(0, file.length - path.posix.extname(file).length);
}
