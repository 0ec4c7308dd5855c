import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readTranscript } from './read-transcript.ts';

const run = suite('readTranscript');

const cue = (text: string, end = '00:00:01.000'): string => `WEBVTT\n\n00:00:00.000 --> ${end}\n ${text}\n\n`;
const spoken = { kind: 'readable', hasSpeech: true };
const silent = { kind: 'readable', hasSpeech: false };

run('takes what whisper.cpp writes, as it is', () => {
  for (const text of ['hello', 'AT&T', 'a < b', '<i>never closed', '[_BEG_] 1 > 0']) {
    assert.equal(readTranscript(cue(text)), spoken, text);
  }
  assert.equal(readTranscript(cue('a moment', '00:00:00.000')), spoken);
  assert.equal(readTranscript(cue('windows').replaceAll('\n', '\r\n')), spoken);
});

run('hears silence where there is no cue, or nothing in any', () => {
  for (const vtt of ['WEBVTT', 'WEBVTT\n\n', '\uFEFFWEBVTT\n', cue(' ')])
    assert.equal(readTranscript(vtt), silent, vtt);
});

run('refuses what is no WebVTT, and what is cut off', () => {
  const cutOff = `${cue('hello')}00:00:01.000 --> 00:0`;
  for (const vtt of ['hello', 'WEBVTTX', cue('x').slice('WEBVTT'.length), 'WEBVTT\n\nerror: no model', cutOff]) {
    assert.is(readTranscript(vtt).kind, 'unreadable', vtt);
  }
});

run.run();
