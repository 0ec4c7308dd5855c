import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { demoLines, judgeDemo } from './demo-report.ts';

const judge = suite('judgeDemo');

const sample = { name: 'digits-en', language: 'en', spoken: Array(25).fill('one').join(' '), recording: 'x.mp3' };
const result = (heard: string | undefined) => ({ sample, heard, transcriptFile: 'x.vtt' });

judge('passes when every transcript arrived and is right', () => {
  const outcome = judgeDemo([result(sample.spoken)], 60, 3);
  assert.ok(outcome.passed);
  assert.is(outcome.audioSecondsPerSecond, 20);
  assert.match(demoLines(outcome, '/lib').join('\n'), 'The demo passed.');
});

judge('passes below five percent of wrong words and fails at five', () => {
  const twenty = { ...sample, spoken: Array(20).fill('one').join(' ') };
  assert.ok(judgeDemo([result(sample.spoken.replace('one', 'two'))], 1, 1).passed);
  assert.not.ok(judgeDemo([{ ...result(twenty.spoken.replace('one', 'two')), sample: twenty }], 1, 1).passed);
});

judge('fails when a transcript did not arrive, and names it', () => {
  const outcome = judgeDemo([result(sample.spoken), result(undefined)], 1, 1);
  assert.not.ok(outcome.passed);
  assert.match(demoLines(outcome, '/lib').join('\n'), 'NO TRANSCRIPT ARRIVED');
});

judge('fails without any sample', () => {
  assert.not.ok(judgeDemo([], 0, 1).passed);
});

judge('says that the model is for demo and tests only', () => {
  assert.match(demoLines(judgeDemo([result('one')], 1, 1), '/lib').join('\n'), 'for demo and tests only');
});

judge.run();
