/**
 * packaging/install.sh with the address of a release, at a server that cuts downloads, redirects, and serves something else. The release is
 * tiny.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, readlink, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../support/eventually.ts';
import { fileServer } from '../support/file-server.ts';
import { startProgram } from '../support/programs.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import {
  everydayPath,
  freshHome,
  install,
  installCommand,
  machineEnvironment,
  said,
  tinyRelease,
  withProgram,
} from './release-folder.ts';

const downloads = suite('installer, from an address');

const shared = await temporaryFolder();
downloads.after(async () => {
  await shared[Symbol.asyncDispose]();
});
const tarball = 'stt-1.0.0.tar.gz';
const filler = randomBytes(300_000).toString('base64');
const release = await tinyRelease(shared.join('release'), '1.0.0', { files: { filler } });
const withCurl = `${path.dirname(process.execPath)}:${await everydayPath(shared.join('with-curl'), ['curl'])}`;

/** More than curl keeps to itself before it writes. */
const pieceBytes = 100_000;

/** Serves a release folder, as badly as `spoil` likes: true where it has answered itself. */
function serveRelease(spoil: (request: IncomingMessage, response: ServerResponse, bytes: Buffer) => boolean) {
  return fileServer((request, response) => {
    void readFile(path.join(release, path.basename(request.url ?? ''))).then(
      (bytes) => {
        if (spoil(request, response, bytes)) return;
        const from = Number(/^bytes=(\d+)-$/u.exec(request.headers.range ?? '')?.[1] ?? 0);
        const range = { 'Content-Range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
        response.writeHead(from === 0 ? 200 : 206, {
          'Content-Length': bytes.length - from,
          ...(from === 0 ? {} : range),
        });
        response.end(bytes.subarray(from));
      },
      () => response.writeHead(404).end(),
    );
  });
}

const isTarball = (request: IncomingMessage): boolean => request.url?.endsWith(tarball) === true;
const baseOf = (url: string): string => new URL('/release', url).href;

downloads('goes on where a download was cut, in the same run and in the next', async () => {
  await using machine = await freshHome();
  let cuts = 0;
  let hold: (() => void) | undefined;
  await using server = await serveRelease((request, response, bytes) => {
    if (!isTarball(request)) return false;
    cuts += 1;
    if (cuts > 2) return false;
    const from = Number(/^bytes=(\d+)-$/u.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(from === 0 ? 200 : 206, {
      'Content-Length': bytes.length - from,
      'Content-Range': `bytes ${from}-${bytes.length - 1}/${bytes.length}`,
    });
    response.write(bytes.subarray(from, from + pieceBytes), () => (cuts === 1 ? response.destroy() : hold?.()));
    return true;
  });
  const args = ['--from', baseOf(server.url)];
  const installation = { machine, PATH: withCurl, args };
  const held = new Promise<void>((resolve) => {
    hold = resolve;
  });
  const running = startProgram({
    ...installCommand(installation),
    cwd: machine.path,
    env: machineEnvironment(installation),
  });
  await held;
  const part = path.join(machine.home, '.cache/stt-install', tarball);
  await eventually(async () => (await readFile(part)).length > 1.5 * pieceBytes, 'a second piece has come', 20_000);
  process.kill(Number(await readlink(path.join(machine.home, '.local/lib/stt/.lock'))), 'SIGTERM');
  assert.is((await running.ended).exitCode, 143);

  said(await install(installation), 0, /stt 1\.0\.0 is installed/u);
  const ranges = server.requests.filter(isTarball).map(({ headers }) => headers.range ?? '');
  assert.equal(ranges.slice(0, 2), ['', `bytes=${pieceBytes}-`]);
  assert.ok(Number(/^bytes=(\d+)-$/u.exec(ranges[2] ?? '')?.[1]) > 1.5 * pieceBytes, ranges.join());
  assert.not.ok(
    (await machine.left()).some((name) => name.includes('.cache/stt-install')),
    'what was fetched goes',
  );
});

/** What a server says to a request for the rest of a file. */
const restAnswers: Record<string, (response: ServerResponse, bytes: Buffer) => unknown> = {
  'gives the rest of another file': () => false,
  'gives the whole file': (response, bytes) => response.end(bytes),
  'says that there is no such rest': (response) => response.writeHead(416).end(),
};

for (const [what, answer] of Object.entries(restAnswers)) {
  downloads(`takes a download anew where what is there does not fit, and the server ${what}`, async () => {
    await using machine = await freshHome();
    await using server = await serveRelease((request, response, bytes) => {
      return request.headers.range !== undefined && answer(response, bytes) !== false;
    });
    await mkdir(path.join(machine.home, '.cache/stt-install'), { recursive: true });
    await writeFile(path.join(machine.home, '.cache/stt-install', tarball), 'of another release');
    const args = ['--from', baseOf(server.url)];
    said(await install({ machine, PATH: withCurl, args }), 0, /stt 1\.0\.0 is installed/u);
  });
}

downloads('refuses what an address serves instead of a release', async () => {
  const answers: [what: string, spoil: Parameters<typeof serveRelease>[0], exitCode: number, pattern: RegExp][] = [
    ['a login page', (_, response) => Boolean(response.end('<html>login')), 65, /is a web page/u],
    [
      'a login page for the tarball',
      (request, response) => isTarball(request) && Boolean(response.end('<html>login')),
      65,
      /is a web page/u,
    ],
    ['nothing', (_, response) => Boolean(response.writeHead(404).end()), 66, /is not there \(404\)/u],
    ['no entry', (_, response) => Boolean(response.writeHead(401).end()), 77, /may not be fetched \(401\)/u],
    [
      'a way out of https',
      (_, response) => Boolean(response.writeHead(302, { Location: 'http://127.0.0.1:1/' }).end()),
      69,
      /leads away from https/u,
    ],
  ];
  for (const [what, spoil, exitCode, pattern] of answers) {
    await using machine = await freshHome();
    await using server = await serveRelease(spoil);
    said(await install({ machine, PATH: withCurl, args: ['--from', baseOf(server.url)] }), exitCode, pattern, what);
    assert.equal(await machine.left(), [], what);
  }
});

downloads('takes no advice for an error, and nothing from .curlrc', async () => {
  await using machine = await freshHome();
  const words = 'curl: (60) SSL certificate problem: self-signed certificate';
  const advice = 'To learn more about this situation and how to fix it, please visit the web page mentioned above.';
  const curl = `printf '%s\\n' '${words}' 'More details here: https://curl.se/docs/sslcerts.html' '' '${advice}' >&2; exit 60`;
  const distrusting = await withProgram(machine, 'curl', curl, withCurl);
  const end = await install({ machine, PATH: distrusting, args: ['--from', 'https://example.org/stt'] });
  said(end, 69, /SHA256SUMS cannot be fetched: \(60\) SSL certificate problem: self-signed certificate$/mu);

  await using server = await serveRelease(() => false);
  await writeFile(path.join(machine.home, '.curlrc'), 'url = "http://127.0.0.1:1/"\nmax-filesize = 1\n');
  said(await install({ machine, PATH: withCurl, args: ['--from', baseOf(server.url)] }), 0, /is installed/u);
});

downloads.run();
