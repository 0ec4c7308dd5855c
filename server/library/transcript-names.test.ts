import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { finishedStems, formatName, sharedNames, transcriptCandidates, transcriptName } from './transcript-names.ts';

const run = suite('transcript names');

const withLanguage = '{stem}.{lang}.vtt';

run('names the transcript of a recording, in its folder', () => {
  assert.is(transcriptName('{stem}.vtt', 'a/talk.b.MP3', 'en'), 'a/talk.b.vtt');
  assert.is(transcriptName(withLanguage, 'a/talk.mp3', 'en'), 'a/talk.en.vtt');
  assert.is(transcriptName(withLanguage, 'a/talk.mp3', 'auto'), 'a/talk.und.vtt');
  assert.is(transcriptName(withLanguage, 'a/talk.mp3', undefined), 'a/talk.und.vtt');
  assert.is(transcriptName('{stem}-stt.vtt', '$&{lang}.mp3', 'en'), '$&{lang}-stt.vtt');
  assert.is(transcriptName(withLanguage, '{lang}.mp3', 'de'), '{lang}.de.vtt');
});

run('never names a sidecar when it names another format', () => {
  assert.is(formatName('a/talk.vtt', 'srt'), 'a/talk.srt');
  assert.is(formatName('a/talk.en.vtt', 'txt'), 'a/talk.en.txt');
  assert.is(formatName('a/talk.vtt', 'json'), 'a/talk.transcript.json');
  assert.is(formatName('a/talk.vtt', 'vtt'), 'a/talk.vtt');
});

run('looks for the transcript of one recording where it may be', () => {
  assert.equal(transcriptCandidates('{stem}.vtt', 'a/b.mp3', 'auto'), ['a/b.vtt']);
  assert.equal(transcriptCandidates(withLanguage, 'a/b.mp3', 'de'), ['a/b.vtt', 'a/b.de.vtt', 'a/b.und.vtt']);
  const any = transcriptCandidates(withLanguage, 'b.mp3', 'auto');
  assert.ok(['b.vtt', 'b.en.vtt', 'b.haw.vtt', 'b.und.vtt'].every((name) => any.includes(name)));
});

run('finds out which recordings of a folder have a transcript', () => {
  const finished = (pattern: string, names: string[], stems: string[]): string[] => [
    ...finishedStems(pattern, names, new Set(stems)),
  ];
  assert.equal(finished('{stem}.vtt', ['a.vtt', 'b.en.vtt', 'a.mp3'], ['a', 'b']), ['a']);
  assert.equal(finished(withLanguage, ['a.vtt', 'b.en.vtt', 'c.und.vtt'], ['a', 'b', 'c']), ['a', 'b', 'c']);
  assert.equal(finished(withLanguage, ['b.xx.vtt', 'b.en', 'ben.vtt', 'b.en.srt'], ['b']), []);
  assert.equal(finished('{stem}-stt.vtt', ['a-stt.vtt', 'b.vtt'], ['a', 'b', 'c']), ['a', 'b']);
  assert.equal(finished('{stem}{lang}.vtt', ['ahaw.vtt', 'bde.vtt'], ['a', 'b', 'ah']), ['a', 'b']);
});

run('gives a transcript to the recording that has its whole name', () => {
  const stems = new Set(['talk', 'talk.en']);
  assert.equal([...finishedStems(withLanguage, ['talk.en.vtt'], stems)], ['talk.en']);
  assert.equal([...finishedStems(withLanguage, ['talk.en.en.vtt', 'talk.de.vtt'], stems)], ['talk.en', 'talk']);
  assert.equal([...sharedNames(withLanguage, stems)], [['talk', ['talk.en.vtt']]]);
  assert.equal([...sharedNames(withLanguage, new Set(['talk', 'talk.old', 'de']))], []);
  assert.equal([...sharedNames('{stem}.vtt', stems)], []);
});

run.run();
