import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { noGpus } from './engine-gpus.ts';
import { judgeTranscript, type Judgement } from './judge-transcript.ts';
import type { EngineRun } from './whisper-cli.ts';

const run = suite('judgeTranscript');

const twoCues = 'WEBVTT\n\n00:00:00.000 --> 00:00:02.000\n one\n\n00:00:02.000 --> 00:00:04.000\n two\n\n';

function ended(facts: Partial<EngineRun>): EngineRun {
  return {
    vtt: twoCues,
    endedWell: true,
    end: 'exit code 0',
    endedBy: 'itself',
    machineTrouble: undefined,
    gpus: noGpus,
    heardUntilSeconds: 4,
    detectedLanguage: undefined,
    isModelEmpty: false,
    lastWords: '',
    seconds: 1,
    ...facts,
  };
}

const judge = (facts: Partial<EngineRun>, seconds = 5, soundUntilSeconds?: number): Judgement =>
  judgeTranscript(ended(facts), { seconds, soundUntilSeconds });

const reasonOf = (facts: Partial<EngineRun>, audioSeconds = 5): string => {
  const verdict = judge(facts, audioSeconds);
  return verdict.kind === 'failed' ? verdict.reason : verdict.kind;
};

run('takes a whole transcript', () => {
  assert.equal(judge({}), { kind: 'ok', vtt: twoCues });
});

run('takes a whole transcript from an engine that crashed on its way out', () => {
  assert.is(reasonOf({ endedWell: false, end: 'killed by SIGSEGV (11)' }), 'ok');
});

run('takes a header alone for silence, if the engine ended well', () => {
  const silence = { vtt: 'WEBVTT\n\n', heardUntilSeconds: undefined };
  assert.equal(judge(silence), { kind: 'no_speech', vtt: 'WEBVTT\n\n' });
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
  const verdict = judge({ vtt: 'WEBVTT\n\n00:00:00.000 --> 00:00:04.000\n \n\n' });
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

const faultOf = (facts: Partial<EngineRun>): string => {
  const judgement = judge(facts);
  return judgement.kind === 'failed' ? judgement.fault : judgement.kind;
};

run('tells whose fault a failure is', () => {
  const nothing = { vtt: undefined, heardUntilSeconds: undefined };
  const killed = { endedWell: false, end: 'killed by SIGKILL (9)', endedBy: 'outside' } as const;
  const crashed = { endedWell: false, end: 'killed by SIGSEGV (11)', endedBy: 'crash' } as const;
  const hung = { endedWell: false, end: 'stopped after its deadline', endedBy: 'deadline' } as const;
  const cut = { vtt: twoCues.slice(0, -10) };
  const table: [Partial<EngineRun>, string][] = [
    [nothing, 'engine'],
    [{ ...nothing, ...crashed }, 'engine'],
    [{ ...nothing, ...hung }, 'engine'],
    [{ ...nothing, ...killed }, 'machine'],
    [{ ...cut, ...killed }, 'machine'],
    [{ ...cut, ...crashed }, 'engine'],
    // It ended well and had more to say: nobody looks whether a full disk took it.
    [cut, 'machine'],
    [{ vtt: '' }, 'machine'],
    [{ vtt: '', ...crashed }, 'engine'],
    [{ ...nothing, machineTrouble: 'it could not write' }, 'machine'],
    [{ ...nothing, ...crashed, machineTrouble: 'it ran out of memory' }, 'machine'],
    [{ vtt: 'no transcript' }, 'engine'],
    [{ vtt: 'no transcript\n\n' }, 'engine'],
    [{ isModelEmpty: true }, 'engine'],
    [{ heardUntilSeconds: 4.5 }, 'engine'],
    [killed, 'ok'],
    [{ machineTrouble: 'it ran out of memory' }, 'ok'],
  ];
  for (const [facts, fault] of table) assert.is(faultOf(facts), fault, JSON.stringify(facts));
});

run('says what a person needs to know of a failure', () => {
  const nothing = { vtt: undefined, endedWell: false };
  assert.is(
    reasonOf({ ...nothing, end: 'killed by SIGKILL (9)', endedBy: 'outside' }),
    'the engine wrote no transcript (killed by SIGKILL (9); from outside: did this machine run out of memory?)',
  );
  assert.is(
    reasonOf({ ...nothing, end: 'exit code 1', machineTrouble: 'it could not write' }),
    'the engine wrote no transcript (exit code 1; it could not write)',
  );
  assert.is(reasonOf({ vtt: '' }), 'the engine wrote an empty file (is the disk full?)');
});

const time = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(11, 23);
const cuesAt = (...cues: (readonly [start: number, end: number, text: string])[]): string =>
  ['WEBVTT', ...cues.map(([start, end, text]) => `${time(start)} --> ${time(end)}\n ${text}`)].join('\n\n') + '\n\n';

const judgeCues = (vtt: string, seconds: number, soundUntilSeconds?: number): Judgement =>
  judge({ vtt, heardUntilSeconds: undefined }, seconds, soundUntilSeconds);

run('doubts a transcript for each kind of reason, and still gives it', () => {
  const loop = cuesAt(...Array.from({ length: 40 }, (_, at) => [at, at + 1, 'And so on, and on.'] as const));
  assert.equal(judgeCues(loop, 41), { kind: 'suspect', vtt: loop, reasons: ['repeats'] });
  assert.equal(judgeCues(loop, 39), { kind: 'suspect', vtt: loop, reasons: ['repeats', 'outside_audio'] });
  const early = cuesAt([0, 9, 'That is all.']);
  assert.equal(judgeCues(early, 300, 300), { kind: 'suspect', vtt: early, reasons: ['ends_early'] });
  const late = cuesAt([0, 2, 'Yes.'], [100, 101, 'Thanks.'], [130, 131, 'Bye.'], [190, 191, 'See you.']);
  assert.equal(judgeCues(late, 200, 5), { kind: 'suspect', vtt: late, reasons: ['in_silence'] });
  const after = cuesAt([0, 2, 'Yes.'], [5, 6, 'Subtitles by nobody.']);
  assert.equal(judgeCues(after, 4.9), { kind: 'suspect', vtt: after, reasons: ['outside_audio'] });
});

run('takes silence where there is sound for silence: music is no speech', () => {
  assert.is(judge({ vtt: 'WEBVTT\n\n', heardUntilSeconds: undefined }, 3600, 3600).kind, 'no_speech');
});

run('does not doubt what cannot be told', () => {
  assert.is(judgeCues(cuesAt([0, 9, 'That is all.']), 300, undefined).kind, 'ok');
  assert.is(judgeCues(cuesAt([0, 9, 'That is all.']), 300, 60).kind, 'ok');
});

run.run();
