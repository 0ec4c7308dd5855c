// deadline: 90 s
/**
 * Names and files that must never be opened: what lies in the library (links, pipes, sockets, devices, folders that look like
 * recordings), and paths that clients ask for. The scan never blocks, and says of each why it was passed over.
 */
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../support/eventually.ts';
import { sendRaw } from '../support/raw-http.ts';
import { openFiles, startServerProcess } from '../support/server-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { claim, deliver } from './worker-calls.ts';

const hostile = suite('hostile library');

const secret = 'root:x:0:0: what nobody may read through us';

hostile('only regular files of the library are opened', async () => {
  await using folder = await temporaryFolder();
  const library = folder.join('library');
  const outside = folder.join('outside');
  await mkdir(path.join(library, 'folder.mp3', 'deeper.mp3'), { recursive: true });
  await mkdir(outside);
  for (const name of ['secret.mp3', 'secret.json']) await writeFile(path.join(outside, name), secret);
  const inLibrary = (name: string): string => path.join(library, name);

  const good = ['good.mp3', `${'n'.repeat(251)}.mp3`, 'spaces and "quotes" \\ $(reboot).mp3', '-rf.mp3'];
  for (const name of good) await writeFile(inLibrary(name), name);
  await writeFile(inLibrary('folder.mp3/inside.mp3'), 'in a folder that is named like a recording');
  await symlink('/etc/passwd', inLibrary('passwd.mp3'));
  await symlink(path.join(outside, 'secret.mp3'), inLibrary('secret.mp3'));
  await symlink(outside, inLibrary('linked'));
  await symlink('loop.mp3', inLibrary('loop.mp3'));
  await symlink(library, inLibrary('round'));
  // A good recording whose sidecar leads out of the library, and one with a transcript that does.
  await writeFile(inLibrary('sidecar.mp3'), 'sidecar.mp3');
  await symlink(path.join(outside, 'secret.json'), inLibrary('sidecar.json'));
  await writeFile(inLibrary('linked-transcript.mp3'), 'linked-transcript.mp3');
  await symlink(path.join(outside, 'new.vtt'), inLibrary('linked-transcript.vtt'));
  const passedOver = ['folder.mp3', 'passwd.mp3', 'secret.mp3', 'linked', 'loop.mp3', 'round'];
  if (spawnSync('mkfifo', [inLibrary('pipe.mp3')]).status === 0) passedOver.push('pipe.mp3');
  // Takes root.
  if (spawnSync('mknod', [inLibrary('device.mp3'), 'c', '1', '5']).status === 0) passedOver.push('device.mp3');
  const socket = createServer().listen(inLibrary('socket.mp3'));
  await once(socket, 'listening');
  passedOver.push('socket.mp3');

  try {
    const startedAt = performance.now();
    await using server = await startServerProcess({
      library,
      stateFolder: folder.path,
      env: { STT_DEFAULT_LANGUAGE: 'en', STT_SCAN_SECONDS: '1', STT_LOG_LEVEL: 'debug' },
    });
    assert.ok(performance.now() - startedAt < 20_000, 'the scan waits for nobody');
    const granted: string[] = [];
    for (;;) {
      const task = await claim(server.url);
      if (typeof task !== 'object') break;
      granted.push(task.recording);
      assert.not.match(task.recording, secret);
      // 255 bytes are a whole name: the transcript's is as long, and its temporary sibling must find a name too.
      assert.is((await deliver(server.url, task))?.status, 200, task.recording);
    }
    const offered = granted.filter((name) => name !== 'sidecar.mp3').toSorted();
    assert.equal(offered, good.toSorted());
    for (const name of passedOver) {
      const line = await eventually(() => server.logs.find((log) => String(log['path']) === name), `a word on ${name}`);
      assert.ok(String(line['reason']).length > 5, `${name}: ${JSON.stringify(line)}`);
    }
    // It goes on scanning, past the pipe too.
    await writeFile(inLibrary('late.mp3'), 'late.mp3');
    const late = await eventually(async () => {
      const task = await claim(server.url);
      return typeof task === 'object' ? task : undefined;
    }, 'a later scan finds what is new');
    assert.is(late.recording, 'late.mp3');
    assert.equal((await readdir(outside)).toSorted(), ['secret.json', 'secret.mp3'], 'nothing was written out there');
    assert.equal(
      openFiles(server.pid).filter((file) => file.startsWith(outside) || file === '/etc/passwd'),
      [],
    );
    assert.not.match(JSON.stringify(server.logs), secret);
  } finally {
    socket.close();
  }
});

const targets = [
  '/../../../../etc/passwd',
  '/task/../../etc/passwd',
  '/task/%2e%2e%2f%2e%2e%2fetc%2fpasswd/audio',
  '/task/..%2f..%2fgood.mp3/audio',
  '/task/good.mp3/audio',
  '/task/%00/audio',
  '/task/%ff%fe/audio',
  '/task/%/audio',
  '/good.mp3',
  '//etc/passwd',
  '/\\etc\\passwd',
  'http://127.0.0.1:1/etc/passwd',
  'http://[::1/',
  'file:///etc/passwd',
  '*',
  '/livez%00',
  '/?/../etc/passwd',
  '/task/__proto__/audio',
  '/task/constructor/audio',
];

hostile('no path comes from a client', async () => {
  await using folder = await temporaryFolder();
  await mkdir(folder.join('library'));
  await writeFile(folder.join('library', 'good.mp3'), secret);
  await using server = await startServerProcess({
    library: folder.join('library'),
    stateFolder: folder.path,
    env: { STT_DEFAULT_LANGUAGE: 'en' },
  });
  const wrong: string[] = [];
  for (const target of targets) {
    const { status, body } = await sendRaw(
      server.port,
      `GET ${target} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n`,
    );
    if (![400, 404, 405].includes(status)) wrong.push(`${target}: ${status}`);
    if (body.includes(secret) || body.includes('root:')) wrong.push(`${target}: a file came`);
  }
  assert.equal(wrong, []);
  assert.not.ok(
    server.logs.some((line) => String(line['level']) === '50'),
    'none of it is an error of the server',
  );
});

hostile.run();
