import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isDiskFull, parseDecodedSeconds, readFacts, reasonOf } from './ffmpeg-output.ts';

const run = suite('ffmpeg output');

run('reads the duration, and not what a title says', () => {
  const lines = [
    "Input #0, mp3, from 'file:/a':",
    '  Metadata:',
    '    Duration        : 99:00:00.00',
    '  Duration: 01:02:03.50, start: 0',
  ];
  assert.equal(readFacts(lines), { durationSeconds: 3723.5, durationSource: 'audio' });
});

run('knows a duration that is missing or guessed', () => {
  assert.equal(readFacts(['  Duration: N/A, start: 0.000000, bitrate: N/A']).durationSeconds, undefined);
  const guessed = readFacts([
    '[mp3 @ 0x56] Estimating duration from bitrate, this may be inaccurate',
    '  Duration: 00:00:06.15',
  ]);
  assert.equal(guessed, { durationSeconds: 6.15, durationSource: 'estimate' });
});

run('knows that the length of a film is not that of its sound, and that a cover picture has none', () => {
  const sound = '  Stream #0:0: Audio: aac (LC) (mp4a / 0x6134706D), 22050 Hz, mono';
  const film = '  Stream #0:1[0x2](und): Video: h264 (High) (avc1 / 0x31637661), none';
  const cover = '  Stream #0:1: Video: mjpeg, none, 90k tbr (attached pic)';
  const output = [
    'Stream mapping:',
    '  Stream #0:0 -> #0:0 (aac (native) -> pcm_s16le (native))',
    '  Stream #0:0: Audio: pcm',
  ];
  assert.is(readFacts([sound, film, ...output]).durationSource, 'file');
  assert.is(readFacts([sound, cover, ...output]).durationSource, 'audio');
  assert.is(readFacts([sound, ...output]).durationSource, 'audio');
});

run('takes the length of the sound of a film where the file tells it', () => {
  const lines = [
    '  Duration: 00:01:00.00, start: 0.000000',
    '  Stream #0:0: Video: mpeg4, none',
    '    Metadata:',
    '      DURATION        : 00:01:00.000000000',
    '  Stream #0:1: Audio: vorbis, 16000 Hz, mono, fltp',
    '    Metadata:',
    '      DURATION        : 00:00:25.680000000',
    'Stream mapping:',
  ];
  assert.equal(readFacts(lines), { durationSeconds: 25.68, durationSource: 'audio' });
});

run('reads how far decoding is', () => {
  assert.is(parseDecodedSeconds('out_time_us=6003938'), 6.003938);
  assert.is(parseDecodedSeconds('out_time_us=N/A'), undefined);
});

run('falls back to the last words of ffmpeg', () => {
  assert.is(reasonOf(['[mp3 @ 0x1] Something odd', '  indented']), 'ffmpeg says "Something odd"');
  assert.is(reasonOf([]), 'ffmpeg does not say why');
});

run('tells a full disk from a bad recording', () => {
  assert.ok(isDiskFull(['av_interleaved_write_frame(): No space left on device']));
  assert.not(isDiskFull(['Invalid data found when processing input']));
});

run.run();
