import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseDetectedLanguage, parseMachineTrouble, parseProgress, parseSegmentEnd } from './whisper-output.ts';

const run = suite('whisper-cli output');

run('reads percents', () => {
  assert.is(parseProgress('whisper_print_progress_callback: progress =  35%'), 0.35);
  assert.is(parseProgress('whisper_print_progress_callback: progress = 100%'), 1);
  assert.is(parseProgress('output_vtt: saving output'), undefined);
});

run('reads the end of a segment', () => {
  assert.is(parseSegmentEnd('[00:00:00.460 --> 00:00:00.820]   five'), 0.82);
  assert.is(parseSegmentEnd('[01:59:58.000 --> 02:00:01.500]   [00:00:00.000 --> 99:00:00.000]'), 7201.5);
  assert.is(parseSegmentEnd(' so [00:00:00.460 --> 00:00:00.820] is what it says'), undefined);
});

run('reads the detected language', () => {
  assert.is(parseDetectedLanguage('whisper_full_with_state: auto-detected language: de (p = 0.982)'), 'de');
  assert.is(parseDetectedLanguage('main: processing'), undefined);
});

run('reads what is the fault of the machine', () => {
  const disk = 'it could not write';
  assert.is(parseMachineTrouble("error: failed to open '/w/a.vtt' for writing"), disk);
  assert.is(parseMachineTrouble('write: No space left on device'), disk);
  const memory = 'it ran out of memory';
  assert.is(parseMachineTrouble("terminate called after throwing an instance of 'std::bad_alloc'"), memory);
  assert.is(parseMachineTrouble('CUDA error: out of memory'), memory);
  assert.is(parseMachineTrouble('ggml_vulkan: vk::Device::allocateMemory: ErrorOutOfDeviceMemory'), memory);
  assert.is(parseMachineTrouble("error: failed to open '/m/ggml.bin'"), undefined);
  assert.is(parseMachineTrouble('whisper_init_state: compute buffer (encode) =    6.97 MB'), undefined);
});

run.run();
