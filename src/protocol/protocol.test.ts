import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { languageOrAuto, normaliseLanguage } from './languages.ts';
import { errorMessage, heartbeatMessage, resultMessage } from './messages.ts';
import { parseProblem, problem } from './problem.ts';
import { emptyTranscript, parseTranscript, spokenText } from './web-vtt.ts';
import { digestHeader, parseDigestHeader, paths } from './wire.ts';

const wire = suite('the wire');

wire("reads the ancestor's messages, which have nothing but the id and the transcript", () => {
  assert.ok(resultMessage.safeParse({ id: 'a', vtt: 'WEBVTT' }).success);
  assert.ok(errorMessage.safeParse({ id: 'a' }).success);
});

wire('refuses what is missing, empty, of the wrong type or beyond its bounds', () => {
  for (const bad of [{}, null, 'x', [], { id: 'a' }, { id: '', vtt: 'x' }, { id: 'a', vtt: '' }, { id: 1, vtt: 'x' }]) {
    assert.not.ok(resultMessage.safeParse(bad).success, JSON.stringify(bad));
  }
  assert.not.ok(resultMessage.safeParse({ id: 'a'.repeat(129), vtt: 'x' }).success);
  assert.not.ok(resultMessage.safeParse({ id: 'a', vtt: 'x', seconds: -1 }).success);
  assert.not.ok(heartbeatMessage.safeParse({ id: 'a', progress: 2 }).success);
  assert.not.ok(heartbeatMessage.safeParse({ id: 'a', phase: 'sleep' }).success);
});

wire('takes null for what is not known', () => {
  assert.ok(errorMessage.safeParse({ id: 'a', error: null }).success);
  assert.ok(resultMessage.safeParse({ id: 'a', vtt: 'WEBVTT', language: null, duration: null }).success);
});

wire('cuts a report that is too long instead of refusing it', () => {
  assert.is(errorMessage.parse({ id: 'a', error: 'x'.repeat(30_000) }).error?.length, 20_000);
});

wire('takes reasons for doubt that it does not know, drops what is no text, and refuses no transcript for them', () => {
  const suspectOf = (suspect: unknown) => resultMessage.parse({ id: 'a', vtt: 'WEBVTT', suspect }).suspect;
  assert.equal(suspectOf(['repeats', 'sings']), ['repeats', 'sings']);
  assert.equal(suspectOf(['a\nb', 'a\0', '\ud800', '', 'x'.repeat(99)]), ['x'.repeat(40)]);
  assert.is(suspectOf(Array.from({ length: 99 }, () => 'x'))?.length, 10);
  for (const none of [null, undefined, 'repeats', 1, [1], {}]) assert.is(suspectOf(none), undefined);
});

wire('drops a fault that it does not know', () => {
  const faultOf = (fault: unknown) => errorMessage.parse({ id: 'a', fault }).fault;
  assert.is(faultOf('machine'), 'machine');
  for (const none of ['god', null, undefined, 1]) assert.is(faultOf(none), undefined);
});

wire('drops what it does not know, also a prototype', () => {
  const parsed = resultMessage.parse(JSON.parse('{"id":"a","vtt":"x","later":1,"__proto__":{"admin":true}}'));
  assert.equal(Object.keys(parsed), ['id', 'vtt']);
  assert.is((parsed as Record<string, unknown>)['admin'], undefined);
});

wire('carries a digest there and back', () => {
  const hex = 'ab'.repeat(32);
  assert.is(parseDigestHeader(digestHeader(hex)), hex);
  assert.is(parseDigestHeader(`md5=:x:, ${digestHeader(hex)}`), hex);
  assert.is(parseDigestHeader('sha-256=:short:'), undefined);
  assert.is(parseDigestHeader(undefined), undefined);
});

wire('never lets an id become a path', () => {
  assert.is(paths.audio('../../etc'), '/task/..%2F..%2Fetc/audio');
});

wire('makes problems with a stable code, and reads what any server says', () => {
  assert.equal(problem('lease_lost', 'The lease ended.'), {
    type: 'about:blank',
    title: 'lease lost',
    status: 409,
    code: 'lease_lost',
    detail: 'The lease ended.',
  });
  assert.is(parseProblem('{"detail":"ID not found"}')?.detail, 'ID not found');
  assert.is(parseProblem('<html>502</html>'), undefined);
});

wire('knows the languages of Whisper, however they are written', () => {
  assert.is(normaliseLanguage('DE'), 'de');
  assert.is(normaliseLanguage('pt_BR'), 'pt');
  assert.is(normaliseLanguage('yue'), 'yue');
  assert.is(normaliseLanguage('klingon'), undefined);
  assert.is(normaliseLanguage(''), undefined);
  assert.is(languageOrAuto('AUTO'), 'auto');
  assert.throws(() => languageOrAuto('xx'), /is not a language/u);
});

wire('reads transcripts and says where they are wrong', () => {
  const good = parseTranscript('WEBVTT\n\n00:00:00.000 --> 00:00:02.500\n one two\n\n00:03.000 --> 00:04.000\nthree\n');
  assert.equal(good.errors, []);
  assert.equal(good.cues[0], { startSeconds: 0, endSeconds: 2.5, text: 'one two' });
  assert.is(spokenText(good.cues), 'one two three');
  assert.equal(parseTranscript(emptyTranscript), { cues: [], errors: [] });
  assert.match(parseTranscript('hello').errors[0] ?? '', 'line 1: No valid signature');
  assert.ok(parseTranscript('WEBVTT\n\n00:03.000 --> 00:02.000\nx').errors.length > 0);
});

wire('answers a transcript that is made to be slow, or to overflow the stack, at once', () => {
  const startedAt = performance.now();
  const settings = parseTranscript(`WEBVTT\n\n00:00.000 --> 00:01.000 ${'a:b '.repeat(40_000)}\nx\n`);
  assert.match(settings.errors[0] ?? '', 'line 3: longer than 5000 characters');
  const oneLine = parseTranscript(`WEBVTT\n\n00:00.000 --> 00:01.000\n${'<b>'.repeat(5000)}\n`);
  assert.ok(oneLine.errors.length > 0);
  const manyLines = parseTranscript(`WEBVTT\n\n00:00.000 --> 00:01.000\n${'<b>\n'.repeat(100_000)}\n`);
  assert.ok(manyLines.errors.length > 0);
  assert.ok(performance.now() - startedAt < 5000);
});

wire.run();
