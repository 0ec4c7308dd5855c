import { setImmediate } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createLogger } from '../../src/logger.ts';
import type { TranscriptFormat } from '../../src/config/transcript-settings.ts';
import { longestBodyBytes } from '../../src/protocol/wire.ts';
import type { Refusal } from '../tasks/refusal.ts';
import type { ReadResult, ReadTranscript } from './read-result.ts';
import { TranscriptReader, type TranscriptReaderOptions } from './transcript-reader.ts';

const run = suite('the reader of transcripts');

const hello = 'WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nhello\n';
const logger = createLogger({ level: 'silent' });
const bytesOf = (body: unknown): Buffer => Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));

async function withReader(
  given: Partial<TranscriptReaderOptions>,
  work: (read: (body: unknown) => Promise<ReadResult | Refusal>) => Promise<void>,
): Promise<void> {
  const reader = new TranscriptReader({ formats: ['vtt'] as TranscriptFormat[], logger, ...given });
  try {
    await work((body) => reader.read(Buffer.isBuffer(body) ? body : bytesOf(body)));
  } finally {
    await reader.close();
  }
}

async function transcript(reading: Promise<ReadResult | Refusal>): Promise<ReadTranscript> {
  const read = await reading;
  if (read.kind === 'refused') throw new Error(read.detail);
  if (read.transcript.kind === 'refused') throw new Error(read.transcript.detail);
  return read.transcript;
}

async function refusalOf(reading: Promise<ReadResult | Refusal>): Promise<string> {
  const read = await reading;
  const refusal = read.kind === 'refused' ? read : read.transcript;
  if (refusal.kind !== 'refused') throw new Error('it was taken');
  assert.not.match(refusal.detail, / at |node:|\n/u);
  assert.ok(refusal.detail.length < 1200);
  return refusal.code;
}

run('reads a body into its parts, with every format that is wanted', async () => {
  await withReader({ formats: ['vtt', 'srt', 'txt', 'json'] }, async (read) => {
    const body = { id: 'x', vtt: `\uFEFF${hello}`, seconds: 2, language: 'en', later: true };
    const result = await read(body);
    assert.ok(result.kind === 'read' && result.transcript.kind === 'transcript');
    assert.equal(result.message, { id: 'x', seconds: 2, language: 'en' });
    assert.is(result.transcript.hasSpeech, true);
    assert.equal(
      result.transcript.files.map(({ format }) => format),
      ['vtt', 'srt', 'txt', 'json'],
    );
    assert.is(Buffer.from(result.transcript.files[0].bytes).toString(), hello);
    const silent = await transcript(read({ id: 'x', vtt: 'WEBVTT' }));
    assert.is(silent.hasSpeech, false);
  });
});

run('knows the same transcript again, however it is written', async () => {
  await withReader({}, async (read) => {
    const one = await transcript(read({ id: 'x', vtt: hello }));
    const two = await transcript(read({ id: 'y', vtt: hello.replaceAll('\n', '\r\n') }));
    assert.is(one.sha256, two.sha256);
    const other = await transcript(read({ id: 'x', vtt: hello.replace('hello', 'other') }));
    assert.is.not(one.sha256, other.sha256);
  });
});

run('gives each of many that come together its own answer, large and small', async () => {
  await withReader({}, async (read) => {
    const bodies = Array.from({ length: 200 }, (_, index) => ({
      id: `id${index}`,
      vtt: hello.replace('hello', `${'word '.repeat(900)}\n`.repeat(index % 50 === 7 ? 20 : 1) + index),
    }));
    const results = await Promise.all(bodies.map((body) => read(body)));
    for (const [index, result] of results.entries()) {
      assert.ok(result.kind === 'read' && result.transcript.kind === 'transcript');
      assert.is(result.message.id, `id${index}`);
      assert.match(Buffer.from(result.transcript.files[0].bytes).toString(), new RegExp(`[ \\n]${index}\n$`, 'u'));
    }
  });
});

run('refuses hostile bodies in plain words', async () => {
  await withReader({}, async (read) => {
    const vtt = JSON.stringify(hello);
    for (const bad of [
      '',
      'hello',
      'null',
      '[]',
      '{"id":"x"',
      '{"id":"x"}',
      `{"id":7,"vtt":${vtt}}`,
      `{"id":"x","vtt":["WEBVTT"]}`,
      `{"id":"x","vtt":${vtt},"vtt":${vtt}}`,
      `{"id":"x","vtt":${vtt},"i\\u0064":"y"}`,
      `{"id":"x","vtt":${vtt},"__proto__":{"admin":true}}`,
      `{"id":"x","vtt":${vtt},"constructor":{"prototype":{"admin":true}}}`,
      `{"id":"x","vtt":"WEBVTT\\n\\n\\ud800"}`,
      `{"id":"x\\u0000","vtt":${vtt}}`,
      `{"id":"x","vtt":"WEBVTT\\u0000"}`,
      '['.repeat(longestBodyBytes),
      `{"id":"x","vtt":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`,
    ]) {
      assert.is(await refusalOf(read(bad)), 'bad_request', bad.slice(0, 80));
    }
    assert.is(
      await refusalOf(read(Buffer.concat([bytesOf('{"id":"x","vtt":"WEBVTT'), Buffer.from([0xff, 0x22, 0x7d])]))),
      'bad_request',
    );
    assert.is(await refusalOf(read({ id: 'x', vtt: 'no transcript' })), 'bad_transcript');
  });
});

run('refuses 500,000 cues, and does not wait for them to be parsed', async () => {
  await withReader({}, async (read) => {
    const startedAt = performance.now();
    const many = `WEBVTT\n\n${'00:00.000 --> 00:01.000\nx\n\n'.repeat(500_000)}`;
    assert.is(await refusalOf(read({ id: 'x', vtt: many })), 'bad_transcript');
    assert.ok(performance.now() - startedAt < 3000);
  });
});

run('reads as many cues as may be', async () => {
  await withReader({}, async (read) => {
    const most = `WEBVTT\n\n${'00:00.000 --> 00:01.000\nhello\n\n'.repeat(100_000)}`;
    assert.is((await transcript(read({ id: 'x', vtt: most }))).hasSpeech, true);
  });
});

/** Settings of cues, for which the parser needs the square of a line's length. */
const slow = { id: 'slow', vtt: `WEBVTT\n\n${`00:00.000 --> 00:01.000 ${'a:b '.repeat(1200)}\nx\n\n`.repeat(800)}` };

run('refuses a body that takes too long, and reads those that came with it', async () => {
  await withReader({ limitMs: 300 }, async (read) => {
    const startedAt = performance.now();
    const [before, refused, ...others] = await Promise.all([
      read({ id: 'before', vtt: hello }),
      refusalOf(read(slow)),
      ...Array.from({ length: 20 }, (_, index) => read({ id: `after${index}`, vtt: hello })),
    ]);
    assert.ok(performance.now() - startedAt < 10_000);
    assert.is(refused, 'bad_transcript');
    for (const one of [before, ...others]) assert.ok(one.kind === 'read' && one.transcript.kind === 'transcript');
  });
});

run('refuses nothing because the process stood still for a while', async () => {
  await withReader({ limitMs: 200 }, async (read) => {
    await read({ id: 'x', vtt: hello });
    const reading = transcript(read({ id: 'y', vtt: hello }));
    // Two turns: the thread has the body then.
    await setImmediate();
    await setImmediate();
    // As after a stop: the timers are due before the answer is heard.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    assert.is((await reading).hasSpeech, true);
  });
});

run('refuses a small body that takes too long, by name among many', async () => {
  await withReader({ limitMs: 100 }, async (read) => {
    const small = {
      id: 'slow',
      vtt: `WEBVTT\n\n${`00:00.000 --> 00:01.000 ${'a:b '.repeat(1200)}\nx\n\n`.repeat(12)}`,
    };
    const results = await Promise.all(
      Array.from({ length: 30 }, (_, index) => read(index % 10 === 5 ? small : { id: `${index}`, vtt: hello })),
    );
    for (const [index, one] of results.entries()) {
      if (index % 10 !== 5) assert.ok(one.kind === 'read' && one.message.id === `${index}`);
    }
  });
});

run('refuses a body that takes too much memory, and reads on', async () => {
  await withReader({ memoryMb: 48 }, async (read) => {
    const large = `WEBVTT\n\n${'00:00.000 --> 00:01.000\nhello\n\n'.repeat(100_000)}`;
    assert.is(await refusalOf(read({ id: 'x', vtt: large })), 'bad_transcript');
    assert.is((await transcript(read({ id: 'y', vtt: hello }))).hasSpeech, true);
  });
});

run.run();
