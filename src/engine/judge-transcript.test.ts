import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { judgeTranscript } from './judge-transcript.ts';
import type { EngineRun } from './whisper-cli.ts';

const run = suite('judgeTranscript');

const twoCues = 'WEBVTT\n\n00:00:00.000 --> 00:00:02.000\n one\n\n00:00:02.000 --> 00:00:04.000\n two\n\n';

function ended(facts: Partial<EngineRun>): EngineRun {
  return {
    vtt: twoCues,
    endedWell: true,
    end: 'exit code 0',
    heardUntilSeconds: 4,
    detectedLanguage: undefined,
    isModelEmpty: false,
    lastWords: '',
    seconds: 1,
    ...facts,
  };
}

const reasonOf = (facts: Partial<EngineRun>, audioSeconds = 5): string => {
  const verdict = judgeTranscript(ended(facts), audioSeconds);
  return verdict.kind === 'failed' ? verdict.reason : verdict.kind;
};

run('takes a whole transcript', () => {
  assert.equal(judgeTranscript(ended({}), 5), { kind: 'ok', vtt: twoCues });
});

run('takes a whole transcript from an engine that crashed on its way out', () => {
  assert.is(reasonOf({ endedWell: false, end: 'killed by SIGSEGV (11)' }), 'ok');
});

run('takes a header alone for silence, if the engine ended well', () => {
  const silence = { vtt: 'WEBVTT\n\n', heardUntilSeconds: undefined };
  assert.equal(judgeTranscript(ended(silence), 5), { kind: 'no_speech', vtt: 'WEBVTT\n\n' });
  assert.match(reasonOf({ ...silence, endedWell: false, end: 'killed by SIGKILL (9)' }), /heard nothing .*SIGKILL/u);
});

run('believes nothing that comes from a model without content', () => {
  assert.match(reasonOf({ isModelEmpty: true }), 'nothing in the model file');
  assert.match(
    reasonOf({ isModelEmpty: true, vtt: 'WEBVTT\n\n', heardUntilSeconds: undefined }),
    'nothing in the model',
  );
});

run('takes cues without text for silence', () => {
  const verdict = judgeTranscript(ended({ vtt: 'WEBVTT\n\n00:00:00.000 --> 00:00:04.000\n \n\n' }), 5);
  assert.equal(verdict, { kind: 'no_speech', vtt: 'WEBVTT\n\n' });
});

run('does not trust exit code 0', () => {
  assert.match(reasonOf({ vtt: undefined }), 'wrote no transcript');
  assert.match(reasonOf({ vtt: '' }), 'empty file');
  assert.match(reasonOf({ vtt: 'hello\n\n' }), 'not WebVTT');
});

run('finds a transcript that was cut off', () => {
  assert.match(reasonOf({ vtt: twoCues.slice(0, -10) }), 'cut off');
  assert.match(reasonOf({ vtt: twoCues.slice(0, 30) }), 'cut off');
  // Cut exactly between two cues: only what the engine printed tells.
  assert.match(reasonOf({ vtt: twoCues.slice(0, twoCues.lastIndexOf('00:00:02.000 -->')) }), 'heard speech until 4 s');
});

run('finds cues far outside the audio', () => {
  assert.is(reasonOf({ vtt: twoCues.replace('04.000', '33.000'), heardUntilSeconds: 33 }), 'ok');
  assert.match(
    reasonOf({ vtt: twoCues.replace('04.000', '59.000'), heardUntilSeconds: 59 }),
    'recording ends at 5.0 s',
  );
});

run.run();
