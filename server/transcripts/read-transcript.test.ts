import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readTranscript } from './read-transcript.ts';

const run = suite('readTranscript');

const cue = (text: string, end = '00:00:01.000'): string => `WEBVTT\n\n00:00:00.000 --> ${end}\n ${text}\n\n`;
const spoken = { kind: 'readable', hasSpeech: true };
const silent = { kind: 'readable', hasSpeech: false };

run('takes what whisper.cpp writes, as it is', () => {
  for (const text of ['hello', 'AT&T', 'a < b', '<i>never closed', '[_BEG_] 1 > 0', 'he said --> go', '12 --> 13']) {
    assert.equal(readTranscript(cue(text)), spoken, text);
  }
  assert.equal(readTranscript(cue('a moment', '00:00:00.000')), spoken);
  assert.equal(readTranscript(cue('windows').replaceAll('\n', '\r\n')), spoken);
  assert.equal(readTranscript(cue('2026').trimEnd().replaceAll('\n', '\r\n')), spoken);
});

run('hears silence where there is no cue, or nothing in any', () => {
  for (const vtt of [
    'WEBVTT',
    'WEBVTT\n\n',
    '\uFEFFWEBVTT\n',
    cue(' '),
    'WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n\n\n',
  ])
    assert.equal(readTranscript(vtt), silent, vtt);
});

run('refuses what is no WebVTT, and what is cut off', () => {
  for (const vtt of ['hello', 'WEBVTTX', cue('x').slice('WEBVTT'.length), 'WEBVTT\n\nerror: no model']) {
    assert.is(readTranscript(vtt).kind, 'unreadable', vtt);
  }
  const whole = `${cue('one')}00:00:01.000 --> 00:00:02.000\n two\n\n`;
  for (const breaks of ['\n', '\r\n']) {
    for (let length = cue('one').length + 1; length < whole.indexOf('two'); length += 1) {
      const cutOff = whole.slice(0, length).replaceAll('\n', breaks);
      assert.is(readTranscript(cutOff).kind, 'unreadable', cutOff);
    }
  }
  assert.is(readTranscript(whole.replace('--> 00:00:01.000', '--> 00:0')).kind, 'unreadable');
});

run.run();
