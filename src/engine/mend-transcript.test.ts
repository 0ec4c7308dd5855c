import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseTranscript } from '../protocol/web-vtt.ts';
import { mendTranscript } from './mend-transcript.ts';

const run = suite('mendTranscript');

run('leaves a good transcript as it is, byte for byte', () => {
  const good = 'WEBVTT\n\n00:00:00.460 --> 00:00:00.820\n five\n\n00:00:02.760 --> 00:00:03.740\n six seven\n\n';
  assert.is(mendTranscript(good), good);
  assert.is(mendTranscript('WEBVTT\n\n'), 'WEBVTT\n\n');
});

run('escapes what the engine wrote unescaped', () => {
  const mended = mendTranscript('WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n AT&T <i>a --> b\n\n');
  assert.match(mended, ' AT&amp;T &lt;i&gt;a --&gt; b\n');
  assert.equal(parseTranscript(mended).errors, []);
});

run('gives a cue without length a millisecond', () => {
  const mended = mendTranscript('WEBVTT\n\n01:59:59.999 --> 01:59:59.999\n a\n\n');
  assert.match(mended, '01:59:59.999 --> 02:00:00.000\n a');
});

run('puts cues in order, and survives a cue without text', () => {
  const mended = mendTranscript('WEBVTT\n\n00:00:05.000 --> 00:00:06.000\n\n\n00:00:01.000 --> 00:00:02.000\n a\n\n');
  const { cues, errors } = parseTranscript(mended);
  assert.equal(errors, []);
  assert.equal(
    cues.map((cue) => cue.startSeconds),
    [1, 5],
  );
});

run('leaves a line that is no timing for the parser to find', () => {
  const mended = mendTranscript('WEBVTT\n\n00:00:05.000 --> 00:0\n\n');
  assert.ok(parseTranscript(mended).errors.length > 0);
});

run.run();
