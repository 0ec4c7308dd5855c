import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fakePrograms } from '../../../test/support/fake-programs.ts';
import { rejects } from '../../../test/support/rejects.ts';
import { checkFfmpeg } from './check-ffmpeg.ts';

const run = suite('check ffmpeg');

const never = new AbortController().signal;

run('decodes the bundled sample with the one of this machine', async () => {
  const checked = await checkFfmpeg(never);
  assert.is(checked.status, 'ok', checked.found);
  assert.match(checked.found, /^ffmpeg \S+ decodes the bundled sample$/u);
});

run('fails where it is missing, or does not start', async () => {
  {
    await using _ = await fakePrograms({}, true);
    const error = await rejects(checkFfmpeg(never), /"ffmpeg" was not found/u);
    assert.is(error['exitCode'], 69);
  }
  await using _ = await fakePrograms({
    ffmpeg: 'echo "error while loading shared libraries: libavcodec.so.59" >&2; exit 127',
  });
  const error = await rejects(checkFfmpeg(never), /ffmpeg does not start .*libavcodec\.so\.59/u);
  assert.is(error['code'], 'STT_FFMPEG_BROKEN');
});

run('fails where it starts and cannot decode', async () => {
  const version = 'case "$*" in *-version*) echo "ffmpeg version 9.9-nocodecs"; exit 0;; esac';
  await using _ = await fakePrograms({ ffmpeg: `${version}; echo "Decoder mp3 not found" >&2; exit 1` });
  const error = await rejects(checkFfmpeg(never), /cannot decode the bundled sample .*Decoder mp3 not found/u);
  assert.is(error['code'], 'STT_FFMPEG_BROKEN');
  assert.is(error['exitCode'], 69);
});

run('fails where there is no place for temporary files', async () => {
  const before = process.env['TMPDIR'];
  process.env['TMPDIR'] = '/dev/null/nowhere';
  try {
    const error = await rejects(checkFfmpeg(never), /temporary files/u);
    assert.is(error['exitCode'], 74);
  } finally {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  }
});

run.run();
