import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseTranscript } from '../../src/protocol/web-vtt.ts';
import { plainText } from './cue-text.ts';
import { mostCues, normaliseTranscript, writeWebVtt } from './normalise-transcript.ts';

const run = suite('normaliseTranscript');

const timing = '00:00:00.000 --> 00:00:05.000';
const cue = (text: string): string => `WEBVTT\n\n${timing}\n${text}\n`;

function normalised(vtt: string): string {
  const result = normaliseTranscript(vtt);
  if (result.kind === 'unreadable') throw new Error(result.reason);
  return writeWebVtt(result.cues);
}

const textOf = (text: string): string => normalised(cue(text)).slice(cue('').length - 1, -1);

run('leaves its own form as it is', () => {
  const own = `WEBVTT\n\n${timing}\none\ntwo\n\n00:00:05.000 --> 100:00:06.000\n<v Anna>three &amp; four</v>\n`;
  assert.is(normalised(own), own);
  assert.is(normalised('WEBVTT\n\n'), 'WEBVTT\n\n');
});

run('brings every other form into its own', () => {
  const expected = `WEBVTT\n\n${timing}\nhello\n\n00:00:05.000 --> 00:00:06.000\nagain\n`;
  const short = 'WEBVTT\n\n00:00.000 --> 00:05.000\n hello \n\n00:05.000 --> 00:06.000\nagain';
  assert.is(normalised(short), expected);
  assert.is(normalised(`\uFEFF${short}`), expected);
  assert.is(normalised(short.replaceAll('\n', '\r\n')), expected);
  assert.is(normalised(short.replaceAll('\n', '\r')), expected);
  assert.is(normalised(short.replaceAll('\n\n', '\n\n\n\n')), expected);
  assert.is(normalised(short.replace('WEBVTT', 'WEBVTT - made by <script>')), expected);
  assert.is(normalised(short.replace('05.000\n', '05.000 align:start position:10%\n')), expected);
  assert.is(normalised(short.replace('\n00:05', '\nid 2\n00:05')), expected);
});

run('drops what is no cue: notes, styles, regions', () => {
  const blocks = 'STYLE\n::cue { background: url(http://example/) }\n\nNOTE <script>\n\n';
  assert.is(normalised(cue('hello').replace('\n\n', `\n\n${blocks}`)), cue('hello'));
});

run('lets no cue end before or when it begins, and puts them in order', () => {
  const reversed = 'WEBVTT\n\n00:09.000 --> 00:08.000\nlater\n\n00:01.999 --> 00:01.999\nsooner\n';
  assert.is(
    normalised(reversed),
    'WEBVTT\n\n00:00:01.999 --> 00:00:02.000\nsooner\n\n00:00:09.000 --> 00:00:09.001\nlater\n',
  );
});

run('makes text of everything that is not WebVTT', () => {
  assert.is(textOf('<script>alert("x")</script>'), '&lt;script&gt;alert("x")&lt;/script&gt;');
  assert.is(textOf('<img src=x onerror=alert(1)>'), '&lt;img src=x onerror=alert(1)&gt;');
  assert.is(textOf('<i onclick=alert(1)>x</i>'), '&lt;i onclick=alert(1)&gt;x');
  assert.is(textOf('AT&T, a < b, 1 > 0 &#x202E; &quot;'), 'AT&amp;T, a &lt; b, 1 &gt; 0 &amp;#x202E; &amp;quot;');
  assert.is(textOf('he said --> go'), 'he said --&gt; go');
});

run("keeps WebVTT's own tags and references, balanced", () => {
  for (const own of [
    '<v Anna>hello</v>',
    '<b><i>a</i></b> <u>b</u> <c.loud.red>c</c> <lang en>d</lang>',
    '<ruby>a<rt>b</rt></ruby>',
    'one <00:00:01.000>two <00:00:02.000>three',
    'a &amp; b &lt;c&gt; &lrm;&rlm;&nbsp;d',
  ])
    assert.is(textOf(own), own);
  assert.is(textOf('<i>never closed'), '<i>never closed</i>');
  assert.is(textOf('never opened</i>'), 'never opened');
  assert.is(textOf('<i>a<b>b</i>c</b>'), '<i>a<b>b</b></i>c');
  assert.is(textOf('<v Anna>hello\n<v Bob>hi'), '<v Anna>hello\n</v><v Bob>hi</v>');
  assert.is(textOf('a <00:00:09.000>late <00:00:02.000>b <00:01.000>back'), 'a late <00:00:02.000>b back');
});

run('removes what is not seen', () => {
  assert.is(textOf('a\u202Eb\u2066c\u0007d\u009Be\uFEFFf'), 'abcdef');
  assert.is(textOf('a\tb\u2028c'), 'a b c');
  assert.is(textOf('\u0001\n<\u0001i>x</i>'), '<i>x</i>');
});

run('hears silence where no words are left', () => {
  for (const text of [' ', '<i></i>', '&nbsp;', '\u202E', '<v Anna> </v>'])
    assert.is(normalised(cue(text)), 'WEBVTT\n\n');
});

run('refuses at once what has too many cues, too long lines, and times that are none', () => {
  const many = `WEBVTT\n\n${'00:00.000 --> 00:01.000\nx\n\n'.repeat(5 * mostCues)}`;
  const startedAt = performance.now();
  assert.is(normaliseTranscript(many).kind, 'unreadable');
  assert.ok(performance.now() - startedAt < 1000);
  assert.match(normalised(cue('x').replace('00:00:05', '99999999999999999999:00:05')), '--> 9999:00:05.000\nx');
  assert.is(normaliseTranscript(cue('x').replace('05.000', '61.000')).kind, 'unreadable');
  assert.is(normaliseTranscript(cue('&'.repeat(4999))).kind, 'unreadable');
});

const word = fc.nat(9).map((n) => `word${n}`);
const piece = fc.oneof(
  { weight: 3, arbitrary: word },
  fc.constantFrom(
    ' ',
    '\n',
    '&',
    '<',
    '>',
    '</',
    '&amp;',
    '&lt;',
    '&#x202E;',
    '&nbsp;',
    '-->',
    ';',
    '\t',
    '\u0001',
    '\u202E',
  ),
  fc.constantFrom(
    '<i>',
    '</i>',
    '<b>',
    '</b>',
    '<c.red>',
    '</c>',
    '<ruby>',
    '<rt>',
    '</rt>',
    '</ruby>',
    '<v Anna>',
    '</v>',
  ),
  fc.constantFrom(
    '<v >',
    '<v.x A&B>',
    '<lang en>',
    '</lang>',
    '<script>',
    '<i x=1>',
    '<00:00:01.000>',
    '<00:02.000>',
    '<9>',
  ),
  fc.string({ maxLength: 5 }),
);
const spoken = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));

run('comes to the same again, without an error, with every word', () => {
  const time = fc.nat(9).map((seconds) => `00:0${seconds}.000`);
  const cues = fc.array(fc.tuple(time, time, spoken), { maxLength: 5 });
  fc.assert(
    fc.property(cues, (given) => {
      const vtt = `WEBVTT\n\n${given.map(([start, end, text]) => `${start} --> ${end}\n${text}\n\n`).join('')}`;
      const result = normaliseTranscript(vtt);
      // The parser has the last word on what is WebVTT; a blank line may leave a cue's second half without timing.
      fc.pre(result.kind === 'transcript');
      const written = writeWebVtt(result.cues);
      assert.equal(parseTranscript(written).errors, [], written);
      assert.is(normalised(written), written);
      if (given.every(([, , text]) => !/^\n|\n\n/u.test(text))) {
        assert.equal(wordsOf(result.cues.map(({ text }) => plainText(text))), wordsOf(given.map(([, , text]) => text)));
      }
    }),
    { numRuns: 2000 },
  );
});

run('leaves a soup of everything as it is once it was normalised', () => {
  const soup = fc.array(fc.oneof(piece, fc.constantFrom('\n\n', `\n\n${timing}\n`, '\nNOTE x\n\n', '\r\n', '\r')), {
    maxLength: 20,
  });
  fc.assert(
    fc.property(soup, (pieces) => {
      const result = normaliseTranscript(`WEBVTT\n\n${pieces.join('')}`);
      fc.pre(result.kind === 'transcript');
      const written = writeWebVtt(result.cues);
      assert.equal(parseTranscript(written).errors, [], written);
      assert.is(normalised(written), written);
    }),
    { numRuns: 2000 },
  );
});

function wordsOf(texts: readonly string[]): string[] {
  return texts.flatMap((text) => text.match(/word\d/gu) ?? []).toSorted();
}

run.run();
