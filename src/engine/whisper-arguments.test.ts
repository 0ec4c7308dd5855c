import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { transcriptFlags, whisperArguments } from './whisper-arguments.ts';

const run = suite('whisperArguments');

const task = { modelFile: '/m/ggml-medium.bin', wavFile: '/w/a.wav', outputBase: '/w/a', language: 'de', threads: 3 };

run("gives the ancestor's flags", () => {
  assert.is(
    whisperArguments({ ...task, vadModelFile: undefined }).join(' '),
    '-m /m/ggml-medium.bin --language de -bs 5 --entropy-thold 2.8 --max-context 64 -t 3 -f /w/a.wav -ovtt -of /w/a -pp',
  );
});

run('turns voice activity detection on where it has a model for it', () => {
  assert.match(
    whisperArguments({ ...task, vadModelFile: '/m/silero.bin' }).join(' '),
    '--vad --vad-model /m/silero.bin',
  );
});

run('names a GPU only where it is told to', () => {
  const gpu = (device: number) => whisperArguments({ ...task, vadModelFile: undefined, device }).join(' ');
  assert.match(gpu(1), ' -t 3 -dev 1 -f ');
  assert.match(gpu(0), ' -dev 0 ');
});

run('names the flags that shape a transcript', () => {
  assert.is(transcriptFlags(true), '-bs 5 --entropy-thold 2.8 --max-context 64 --vad');
});

run.run();
