import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encoderFiles, openvinoOriginal, refuseUnconvertible } from './openvino-model.ts';

const run = suite('openvino model');

run('finds the original of a model and of its quantisations', () => {
  const table: Record<string, string | undefined> = {
    medium: 'medium',
    'medium-q5_0': 'medium',
    'tiny.en-q8_0': 'tiny.en',
    'large-v3-turbo-q5_0': 'large-v3-turbo',
    'large-v2': 'large-v2',
    large: undefined,
    'small.en-tdrz': undefined,
    'demo-digits': undefined,
    'my-own-q5_0': undefined,
    '': undefined,
  };
  for (const [model, original] of Object.entries(table)) assert.is(openvinoOriginal(model), original, model);
});

run('refuses a model without an original, and names those that have one', () => {
  assert.is(refuseUnconvertible('base-q5_1'), 'base');
  assert.throws(
    () => refuseUnconvertible('demo-digits'),
    (error: { exitCode?: number; hint?: string }) => error.exitCode === 78 && /large-v3-turbo/u.test(error.hint ?? ''),
  );
});

run('names the files as whisper.cpp looks for them: the quantisation stays', () => {
  assert.equal(encoderFiles('/m/ggml-medium-q5_0.bin'), {
    xml: '/m/ggml-medium-q5_0-encoder-openvino.xml',
    bin: '/m/ggml-medium-q5_0-encoder-openvino.bin',
  });
  assert.is(encoderFiles('/m/ggml-tiny.en.bin').xml, '/m/ggml-tiny.en-encoder-openvino.xml');
});

run.run();
