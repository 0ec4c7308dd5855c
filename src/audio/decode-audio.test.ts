import { randomBytes } from 'node:crypto';
import { copyFile, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fakePrograms } from '../../test/support/fake-programs.ts';
import { withHurriedTimers } from '../../test/support/hurried-timers.ts';
import { rejects } from '../../test/support/rejects.ts';
import { type TemporaryFolder, temporaryFolder } from '../../test/support/temporary-folder.ts';
import { packageFolder } from '../package-folder.ts';
import { runChild } from '../run-child.ts';
import { type Decoded, decodeAudio, isCutShort } from './decode-audio.ts';

const run = suite('decodeAudio');

const sample = path.join(packageFolder, 'whisper', 'demo-model', 'samples', 'digits-en-short.mp3');
const sampleSeconds = 6.0;

const decode = (folder: TemporaryFolder, file: string, signal = new AbortController().signal): Promise<Decoded> =>
  decodeAudio({ file: folder.join(file), wavFile: folder.join('out.wav'), signal });

async function reasonFor(bytes: string | Uint8Array): Promise<string> {
  await using folder = await temporaryFolder();
  await writeFile(folder.join('recording'), bytes);
  const decoded = await decode(folder, 'recording');
  return decoded.kind === 'decoded' ? `decoded ${decoded.audioSeconds} s` : decoded.reason;
}

/** Makes `name` from the sample. */
async function convert(folder: TemporaryFolder, name: string, ...args: string[]): Promise<string> {
  const file = folder.join(name);
  const end = await runChild({ file: 'ffmpeg', args: ['-v', 'error', '-i', sample, ...args, '-y', file] });
  assert.is(end.exitCode, 0, end.outputTail);
  return file;
}

const testPicture = ['-f', 'lavfi', '-i', 'testsrc=s=64x64:d=6'];

for (const ending of ['mp3', 'wav', 'flac', 'ogg', 'opus', 'm4a', 'mp4', 'mkv', 'webm']) {
  run(`decodes ${ending}, whatever the file is called`, async () => {
    await using folder = await temporaryFolder();
    const file = ending === 'mp3' ? sample : await convert(folder, `source.${ending}`);
    await copyFile(file, folder.join('recording'));
    const decoded = await decode(folder, 'recording');
    assert.is(decoded.kind, 'decoded', JSON.stringify(decoded));
    assert.ok(decoded.kind === 'decoded' && Math.abs(decoded.audioSeconds - sampleSeconds) < 0.2);
    const wav = await readFile(folder.join('out.wav'));
    assert.equal([wav.readUInt16LE(22), wav.readUInt32LE(24), wav.readUInt16LE(34)], [1, 16_000, 16]);
  });
}

run('takes the audio of a file with a cover picture or a film, without opening the picture', async () => {
  await using folder = await temporaryFolder();
  const cover = [
    '-map',
    '0:a',
    '-map',
    '1:v',
    '-c:a',
    'copy',
    '-c:v',
    'mjpeg',
    '-frames:v',
    '1',
    '-disposition:v',
    'attached_pic',
  ];
  await convert(folder, 'cover.mp3', ...testPicture, ...cover);
  await convert(folder, 'film.mkv', ...testPicture, '-map', '0:a', '-map', '1:v', '-c:v', 'mpeg4');
  assert.is((await decode(folder, 'cover.mp3')).kind, 'decoded');
  assert.is((await decode(folder, 'film.mkv')).kind, 'decoded');
});

run('reports progress', async () => {
  await using folder = await temporaryFolder();
  const seen: number[] = [];
  await decodeAudio({
    file: sample,
    wavFile: folder.join('out.wav'),
    signal: new AbortController().signal,
    onProgress: (fraction) => seen.push(fraction),
  });
  assert.ok((seen.at(-1) ?? 0) > 0.9);
});

run('says that a file is empty', async () => {
  assert.match(await reasonFor(''), 'empty (0 bytes)');
});

run('says that text or random bytes are no audio', async () => {
  assert.match(await reasonFor('This is a letter, not a recording.\n'), 'not audio');
  assert.match(await reasonFor('This is a long letter, not a recording.\n'.repeat(5000)), 'not audio');
  assert.match(await reasonFor(randomBytes(1000)), 'not audio');
  assert.match(await reasonFor(randomBytes(300_000)), 'not audio');
});

run('says that a film has no audio', async () => {
  await using folder = await temporaryFolder();
  await convert(folder, 'mute.mp4', ...testPicture, '-map', '1:v', '-c:v', 'mpeg4');
  const decoded = await decode(folder, 'mute.mp4');
  assert.ok(decoded.kind === 'bad_recording');
  assert.match(decoded.reason, 'no audio');
});

run('finds a truncated mp3, though ffmpeg ends with 0', async () => {
  const bytes = await readFile(sample);
  assert.match(
    await reasonFor(bytes.subarray(0, bytes.length / 2)),
    /cut off or damaged: it claims 6\.\d s, but only [23]\.\d s/u,
  );
});

run('finds a truncated m4a and a truncated flac', async () => {
  await using folder = await temporaryFolder();
  for (const name of ['a.m4a', 'a.flac']) {
    const bytes = await readFile(await convert(folder, name));
    assert.match(await reasonFor(bytes.subarray(0, bytes.length / 2)), 'cut off');
  }
});

run('finds a truncated wav, also one that lacks little', async () => {
  await using folder = await temporaryFolder();
  const bytes = await readFile(await convert(folder, 'a.wav'));
  for (const share of [0.5, 0.8]) {
    assert.match(await reasonFor(bytes.subarray(0, bytes.length * share)), /cut off or damaged: it claims 6\.\d s/u);
  }
});

run('takes a wav that was written into a pipe and does not know its length', async () => {
  await using folder = await temporaryFolder();
  const bytes = await readFile(await convert(folder, 'a.wav', '-bitexact'));
  for (const claim of [0, 0xffff_ffff, 0x7fff_f000]) {
    bytes.writeUInt32LE(claim, bytes.indexOf('data') + 4);
    assert.match(await reasonFor(bytes), /^decoded 6\./u, String(claim));
  }
});

run('finds a truncated mkv, and a film whose sound is cut off', async () => {
  await using folder = await temporaryFolder();
  const film = [...testPicture, '-map', '0:a', '-map', '1:v', '-c:v', 'mpeg4'];
  for (const name of [await convert(folder, 'a.mkv'), await convert(folder, 'film.mkv', ...film)]) {
    const bytes = await readFile(name);
    assert.match(await reasonFor(bytes.subarray(0, bytes.length / 2)), /cut off/u);
  }
});

run('says that a recording holds no audio', async () => {
  await using folder = await temporaryFolder();
  const bytes = await readFile(await convert(folder, 'a.wav', '-bitexact'));
  assert.match(await reasonFor(bytes.subarray(0, 60)), 'holds no audio');
});

const fakeFfmpeg = (script: string) =>
  fakePrograms({
    ffmpeg: `case "$*" in *"-f null"*) echo "  Duration: 00:00:06.00, start: 0" >&2; exit 0;; esac\n${script}`,
  });

run('says that a recording takes too long to decode', async () => {
  await using programs = await fakeFfmpeg('exec sleep 60');
  assert.match(await withHurriedTimers(30, () => reasonFor('x')), 'took too long');
  assert.is((await programs.calls()).length, 2);
});

run('blames the machine, not the recording, when ffmpeg is ended from outside', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.join('recording'), 'x');
  {
    await using programs = await fakeFfmpeg('kill -KILL $$');
    const error = await rejects(decode(folder, 'recording'), /ended from outside \(killed by SIGKILL/u);
    assert.equal([error['exitCode'], (await programs.calls()).length], [69, 2]);
  }
  await using programs = await fakeFfmpeg('kill -SEGV $$');
  assert.is((await decode(folder, 'recording')).kind, 'bad_recording');
  assert.is((await programs.calls()).length, 2);
});

run('takes an mp3 whose length can only be guessed', async () => {
  await using folder = await temporaryFolder();
  await convert(folder, 'no-header.mp3', '-write_xing', '0', '-q:a', '7');
  assert.is((await decode(folder, 'no-header.mp3')).kind, 'decoded');
});

run('lets a decoded length be a little short, a guessed one far off, and a film longer than its sound', () => {
  assert.not(isCutShort(89.5, 100, 'audio'));
  assert.ok(isCutShort(88.9, 100, 'audio'));
  assert.not(isCutShort(0.2, 1, 'audio'));
  assert.not(isCutShort(40, 100, 'estimate'));
  assert.ok(isCutShort(1, 100, 'estimate'));
  assert.not(isCutShort(1, 100, 'file'));
});

run('takes a film whose sound ends before the picture', async () => {
  await using folder = await temporaryFolder();
  const picture = ['-f', 'lavfi', '-i', 'testsrc=s=64x64:d=20', '-map', '0:a', '-map', '1:v', '-c:v', 'mpeg4'];
  for (const name of ['film.mp4', 'film.mkv']) {
    await convert(folder, name, ...picture);
    assert.is((await decode(folder, name)).kind, 'decoded', name);
  }
});

run('opens no playlist: neither a neighbour nor the network', async () => {
  let requests = 0;
  const honeypot = createServer((_request, response) => {
    requests += 1;
    response.end();
  }).listen(0, '127.0.0.1');
  try {
    await new Promise((resolve) => honeypot.once('listening', resolve));
    const url = `http://127.0.0.1:${(honeypot.address() as AddressInfo).port}/a.ts`;
    const playlists = {
      m3u8: `#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n${url}\n#EXT-X-ENDLIST\n`,
      ffconcat: `ffconcat version 1.0\nfile '${url}'\n`,
      neighbour: `ffconcat version 1.0\nfile neighbour.mp3\n`,
      sdp: `v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n`,
      dash: `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet><Representation id="1"><BaseURL>${url}</BaseURL></Representation></AdaptationSet></Period></MPD>`,
    };
    for (const [kind, text] of Object.entries(playlists)) {
      await using folder = await temporaryFolder();
      await copyFile(sample, folder.join('neighbour.mp3'));
      await writeFile(folder.join('recording.mp3'), text);
      const decoded = await decode(folder, 'recording.mp3');
      assert.ok(decoded.kind === 'bad_recording', kind);
      assert.match(decoded.reason, /playlist|not audio/u, `${kind}: ${decoded.reason}`);
    }
    assert.is(requests, 0);
  } finally {
    honeypot.close();
  }
});

run('stops when asked', async () => {
  await using folder = await temporaryFolder();
  await rejects(
    decodeAudio({ file: sample, wavFile: folder.join('out.wav'), signal: AbortSignal.abort(new Error('stop')) }),
    /stop/u,
  );
  await rejects(stat(folder.join('out.wav')), /ENOENT/u);
});

run.run();
