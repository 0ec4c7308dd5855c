/**
 * Command lines of ffmpeg for recordings that come from strangers: nothing but audio files may be opened and nothing but audio be
 * decoded. Checked with ffmpeg 5.1 and 7.1, which spell all of this alike. Pure.
 *
 * There is no ffprobe here on purpose: it opens a decoder for every stream, and ends with an error when the list of codecs keeps
 * it from a cover picture. ffmpeg itself then goes on with the audio.
 */

/** Files that hold audio. No playlists (hls, dash, concat, sdp): they make ffmpeg read other files, or the network. */
const formats =
  'aac,ac3,aiff,amr,amrnb,amrwb,asf,au,avi,caf,eac3,flac,flv,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,mp3,mpeg,mpegts,ogg,w64,wav,wv';

/** Decoders of audio. Video decoders are the larger part of ffmpeg's attack surface, and opened even where `-vn` is given. */
const codecs = (
  'aac aac_fixed aac_latm libfdk_aac ac3 ac3_fixed eac3 alac ape dca truehd adpcm_ima_wav adpcm_ima_qt adpcm_ms ' +
  'amrnb amrwb libopencore_amrnb libopencore_amrwb flac gsm gsm_ms libgsm libgsm_ms mp1 mp1float mp2 mp2float mp3 mp3float ' +
  'opus libopus vorbis libvorbis speex libspeex wavpack wmav1 wmav2 wmapro wmavoice wmalossless ' +
  'pcm_alaw pcm_mulaw pcm_u8 pcm_s8 pcm_s16le pcm_s16be pcm_s24le pcm_s24be pcm_s32le pcm_s32be ' +
  'pcm_f32le pcm_f32be pcm_f64le pcm_f64be'
).replaceAll(' ', ',');

/** Of what is decoded: 16 kHz, mono, 16 bit, as Whisper hears. */
export const wavBytesPerSecond = 32_000;

/** The plain header that ffmpeg writes when it is told to be bit-exact. */
export const wavHeaderBytes = 44;

/** A WAV file ends at 4 GiB; this is a day and a half. */
export const longestAudioSeconds = 36 * 3600;

function inputArguments(file: string): string[] {
  return [
    ['-hide_banner', '-nostdin', '-nostats'],
    // One thread, as fast here as many, and the engine needs the others. Each would also take its share of the address space.
    ['-threads', '1', '-filter_threads', '1'],
    ['-protocol_whitelist', 'file', '-format_whitelist', formats, '-codec_whitelist', codecs],
    // `file:`, or a name such as `http:x.mp3` would be a URL.
    ['-i', `file:${file}`],
    ['-map', '0:a:0', '-vn', '-sn', '-dn'],
  ].flat();
}

/** Opens the file and its audio decoder, decodes nothing. */
export function probeArguments(file: string): string[] {
  return [...inputArguments(file), '-t', '0', '-f', 'null', '-'];
}

/** @param seconds of audio, after which ffmpeg ends. */
export function decodeArguments(file: string, wavFile: string, seconds: number): string[] {
  return [
    inputArguments(file),
    // Bit-exact: no more than the plain header before the samples.
    ['-map_metadata', '-1', '-bitexact', '-ac', '1', '-ar', '16000', '-c:a', 'pcm_s16le'],
    ['-t', seconds.toFixed(3), '-f', 'wav', '-progress', 'pipe:1', '-y', `file:${wavFile}`],
  ].flat();
}
