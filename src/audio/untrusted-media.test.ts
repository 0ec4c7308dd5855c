/** Recordings that are made to do harm, or to be trouble: each ends in a reason, within its limits, and asks nobody for anything. */
import { copyFile, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fakePrograms } from '../../test/support/fake-programs.ts';
import { rejects } from '../../test/support/rejects.ts';
import { type TemporaryFolder, temporaryFolder } from '../../test/support/temporary-folder.ts';
import { packageFolder } from '../package-folder.ts';
import { runChild } from '../run-child.ts';
import { type Decoded, decodeAudio, type DecodeOptions } from './decode-audio.ts';

const run = suite('untrusted media');

const sample = path.join(packageFolder, 'whisper', 'demo-model', 'samples', 'digits-en-short.mp3');

const decode = (folder: TemporaryFolder, name: string, more: Partial<DecodeOptions> = {}): Promise<Decoded> =>
  decodeAudio({
    file: folder.join(name),
    wavFile: folder.join('out.wav'),
    signal: new AbortController().signal,
    ...more,
  });

const reasonOf = (decoded: Decoded): string => (decoded.kind === 'decoded' ? 'decoded' : decoded.reason);

async function ffmpeg(...args: string[]): Promise<void> {
  const end = await runChild({ file: 'ffmpeg', args: ['-v', 'error', ...args] });
  assert.is(end.exitCode, 0, end.outputTail);
}

/** Counts who comes asking while `step` runs. */
async function requestsDuring(step: (url: string) => Promise<void>): Promise<number> {
  let requests = 0;
  const honeypot = createServer((_request, response) => {
    requests += 1;
    response.end();
  }).listen(0, '127.0.0.1');
  try {
    await new Promise((resolve) => honeypot.once('listening', resolve));
    await step(`http://127.0.0.1:${(honeypot.address() as AddressInfo).port}/a.mp3`);
    return requests;
  } finally {
    honeypot.close();
  }
}

run('asks nobody for the parts of a playlist, however it is written and called', async () => {
  const requests = await requestsDuring(async (url) => {
    const texts = [
      `#EXTM3U\n${url}\n`,
      `#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXT-X-KEY:METHOD=AES-128,URI="${url}"\n#EXTINF:10,\n${url}\n#EXT-X-ENDLIST\n`,
      `ffconcat version 1.0\nfile '${url}'\noption safe 0\n`,
      `[playlist]\nFile1=${url}\nNumberOfEntries=1\n`,
      `<ASX version="3.0"><Entry><Ref href="${url}"/></Entry></ASX>`,
      `[Reference]\nRef1=${url}\n`,
      `v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\na=control:${url}\n`,
      `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period><BaseURL>${url}</BaseURL></Period></MPD>`,
    ];
    for (const text of texts) {
      await using folder = await temporaryFolder();
      for (const name of ['recording', 'recording.mp3', 'recording.m3u8']) {
        await writeFile(folder.join(name), text);
        assert.match(reasonOf(await decode(folder, name)), /playlist|not audio/u, text);
      }
    }
  });
  assert.is(requests, 0);
});

run('asks nobody for audio that an mp4 keeps elsewhere', async () => {
  const requests = await requestsDuring(async (url) => {
    await using folder = await temporaryFolder();
    await ffmpeg('-i', sample, folder.join('plain.m4a'));
    const plain = await readFile(folder.join('plain.m4a'));
    await writeFile(folder.join('recording'), withDataElsewhere(plain, url));
    await decode(folder, 'recording');
    await writeFile(folder.join('recording'), withDataElsewhere(plain, `file://${sample}`));
    await decode(folder, 'recording');
  });
  assert.is(requests, 0);
});

/** Has the audio track refer to a URL: the entry of its `dref` grows, and with it every box around it. */
function withDataElsewhere(mp4: Buffer, url: string): Buffer {
  const grown = Buffer.from(mp4);
  const entry = grown.lastIndexOf('url ') - 4;
  const added = Buffer.from(`${url}\0`);
  grown.writeUInt32BE(0, entry + 8);
  for (const box of ['moov', 'trak', 'mdia', 'minf', 'dinf', 'dref', 'url ']) {
    const at = grown.lastIndexOf(box) - 4;
    grown.writeUInt32BE(grown.readUInt32BE(at) + added.length, at);
  }
  return Buffer.concat([grown.subarray(0, entry + 12), added, grown.subarray(entry + 12)]);
}

run('takes eight channels at 96 kHz, and a tenth of a second', async () => {
  await using folder = await temporaryFolder();
  const surround = ['-af', 'pan=7.1|c0=c0|c1=c0|c2=c0|c3=c0|c4=c0|c5=c0|c6=c0|c7=c0', '-ar', '96000'];
  await ffmpeg('-i', sample, ...surround, folder.join('surround.flac'));
  await ffmpeg('-i', sample, '-t', '0.1', folder.join('short.wav'));
  const surroundSound = await decode(folder, 'surround.flac');
  assert.ok(surroundSound.kind === 'decoded' && Math.abs(surroundSound.audioSeconds - 6) < 0.1);
  const short = await decode(folder, 'short.wav');
  assert.ok(short.kind === 'decoded' && Math.abs(short.audioSeconds - 0.1) < 0.01, reasonOf(short));
});

run('takes the sound of a film with the usual codecs', async () => {
  await using folder = await temporaryFolder();
  const picture = ['-f', 'lavfi', '-i', 'testsrc=s=64x64:d=6', '-map', '0:a', '-map', '1:v', '-c:a', 'aac'];
  const encoders = await runChild({ file: 'ffmpeg', args: ['-v', 'error', '-encoders'], stdoutLimitBytes: 100_000 });
  const video = encoders.stdout.includes('libx264') ? 'libx264' : 'mpeg4';
  await ffmpeg('-i', sample, ...picture, '-c:v', video, folder.join('film.mp4'));
  const decoded = await decode(folder, 'film.mp4');
  assert.ok(decoded.kind === 'decoded' && Math.abs(decoded.audioSeconds - 6) < 0.2, reasonOf(decoded));
});

run('tells where the sound ends', async () => {
  await using folder = await temporaryFolder();
  await ffmpeg('-i', sample, '-af', 'apad=pad_dur=20', folder.join('tail.flac'));
  const decoded = await decode(folder, 'tail.flac');
  assert.ok(decoded.kind === 'decoded' && decoded.audioSeconds > 25);
  assert.ok(decoded.soundUntilSeconds > 5 && decoded.soundUntilSeconds < 6.5, String(decoded.soundUntilSeconds));
});

/** Eight thousand samples per second of nothing, some 6 kB per hour; it says that it holds `claimedSeconds`. */
async function hourOfNothing(file: string, claimedSeconds: number): Promise<void> {
  const source = ['-f', 'lavfi', '-i', 'anullsrc=r=8000:cl=mono', '-t', '3600'];
  await ffmpeg(...source, '-c:a', 'flac', '-frame_size', '65535', '-f', 'flac', '-bitexact', '-y', file);
  const bytes = await readFile(file);
  // STREAMINFO: 36 bits for the number of samples, 18 bytes into a block that begins at 8.
  const samples = claimedSeconds * 8000;
  bytes[21] = ((bytes[21] ?? 0) & 0xf0) | Math.floor(samples / 2 ** 32);
  bytes.writeUInt32BE(samples % 2 ** 32, 22);
  await writeFile(file, bytes);
}

run('decodes an hour of nothing, which takes next to no room in a file', async () => {
  await using folder = await temporaryFolder();
  await hourOfNothing(folder.join('recording'), 3600);
  assert.equal(await decode(folder, 'recording'), { kind: 'decoded', audioSeconds: 3600, soundUntilSeconds: 0 });
});

run('does not unpack a small file that says nothing of what it holds', async () => {
  await using folder = await temporaryFolder();
  await hourOfNothing(folder.join('recording'), 1);
  assert.match(reasonOf(await decode(folder, 'recording')), 'far more audio than its size or length allows');
  assert.ok((await stat(folder.join('out.wav'))).size < 60e6);
});

run('does not begin what claims to be longer than any recording', async () => {
  await using folder = await temporaryFolder();
  await hourOfNothing(folder.join('recording'), 1000 * 3600);
  assert.match(reasonOf(await decode(folder, 'recording')), 'claims to be 1000 hours long; the limit is 36');
  await rejects(stat(folder.join('out.wav')), /ENOENT/u);
});

run('blames the machine where a recording does not fit on its disk, before it begins', async () => {
  await using folder = await temporaryFolder();
  await copyFile(sample, folder.join('recording'));
  const error = await rejects(
    decode(folder, 'recording', { freeBytes: (asked) => Promise.resolve(asked === folder.path ? 100_000 : 1e12) }),
    /takes 1 MiB, but only 1 MiB are free/u,
  );
  assert.is(error['code'], 'STT_DISK_FULL');
  await rejects(stat(folder.join('out.wav')), /ENOENT/u);
});

const onLinux = (title: string, test: () => Promise<void>): void =>
  process.platform === 'linux' ? run(title, test) : run.skip(title, test);

const whileDecoding = (script: string) =>
  fakePrograms({
    ffmpeg: `case "$*" in *"-f null"*) echo "  Duration: 00:00:06.00, start: 0" >&2; exit 0;; esac\n${script}`,
  });

run('lets ffmpeg have so much memory and processor and no more', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.join('recording'), 'x');
  await using programs = await whileDecoding('echo "$(nice), $(ulimit -v), $(ulimit -c)" >&2; exit 1');
  const limits = process.platform === 'linux' ? '10, 2097152, 0' : '10, ';
  const reason = reasonOf(await decode(folder, 'recording'));
  assert.ok(reason.includes(limits), reason);
  assert.is((await programs.calls()).length, 2);
});

onLinux('ends an ffmpeg that writes without end', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.join('recording'), 'x');
  await using programs = await whileDecoding(`exec head -c 100000000 /dev/zero > '${folder.join('out.wav')}'`);
  assert.match(reasonOf(await decode(folder, 'recording')), 'far more audio than its size');
  assert.ok((await stat(folder.join('out.wav'))).size < 30e6);
  assert.is((await programs.calls()).length, 2);
});

run('says that a recording takes more memory than it should', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.join('recording'), 'x');
  await using programs = await whileDecoding('echo "Error while decoding: Cannot allocate memory" >&2; exit 1');
  assert.match(reasonOf(await decode(folder, 'recording')), 'cannot be decoded: it takes more memory');
  assert.is((await programs.calls()).length, 2);
});

run.run();
