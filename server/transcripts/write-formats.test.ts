import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { withLanguage, writeFormat } from './write-formats.ts';

const run = suite('the formats of a transcript');

const cues = [
  { startMs: 0, endMs: 1500, text: '<v Anna>one &amp; two</v>\nthree' },
  { startMs: 3_661_001, endMs: 3_662_000, text: 'a &lt;script&gt; --&gt; b' },
];
const measured = { durationSeconds: 3700.5 };

run('writes SubRip, in which nothing can be taken for a tag or a timing', () => {
  assert.is(
    writeFormat.srt(cues, measured),
    '1\n00:00:00,000 --> 00:00:01,500\none & two\nthree\n\n2\n01:01:01,001 --> 01:01:02,000\na ‹script› --› b\n',
  );
});

run('writes plain text, a line for each cue', () => {
  assert.is(writeFormat.txt(cues, measured), 'one & two three\na <script> --> b\n');
});

run('writes JSON with seconds, and the language in front once it is known', () => {
  const json = new TextEncoder().encode(writeFormat.json(cues, measured));
  const whole = new TextDecoder().decode(withLanguage(json, 'en'));
  assert.ok(whole.startsWith('{"language":"en","duration":3700.5,'));
  assert.equal(JSON.parse(whole), {
    language: 'en',
    duration: 3700.5,
    segments: [
      { start: 0, end: 1.5, text: 'one & two three' },
      { start: 3661.001, end: 3662, text: 'a <script> --> b' },
    ],
    text: 'one & two three a <script> --> b',
  });
});

run('writes silence as a file without words', () => {
  const nothing = { durationSeconds: undefined };
  assert.is(writeFormat.vtt([], nothing), 'WEBVTT\n\n');
  assert.is(writeFormat.srt([], nothing), '');
  assert.is(writeFormat.txt([], nothing), '');
  const json = new TextEncoder().encode(writeFormat.json([], nothing));
  assert.equal(JSON.parse(new TextDecoder().decode(withLanguage(json, undefined))), {
    language: null,
    segments: [],
    text: '',
  });
});

run.run();
