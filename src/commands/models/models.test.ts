// deadline: 110 s
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fileServer } from '../../../test/support/file-server.ts';
import { type TemporaryFolder, temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { packageFolder } from '../../package-folder.ts';
import { type ChildEnd, runChild } from '../../run-child.ts';

const run = suite('stt models');

/** Runs the program itself in a folder of its own. */
function stt(folder: TemporaryFolder, args: string[], env: Record<string, string> = {}): Promise<ChildEnd> {
  return runChild({
    file: process.execPath,
    args: [`${packageFolder}/bin/stt.js`, 'models', ...args],
    cwd: folder.path,
    env: {
      STT_DATA_DIR: folder.join('data'),
      STT_ENV_FILE: folder.join('worker.env'),
      STT_MODEL_BASE_URL: 'http://127.0.0.1:1',
      ...env,
    },
    stdoutLimitBytes: 1_000_000,
  });
}

const parse = (end: ChildEnd): Record<string, unknown> => JSON.parse(end.stdout) as Record<string, unknown>;

run('download, list, verify and remove, one after the other', async () => {
  await using folder = await temporaryFolder();
  const models = folder.join('data', 'models');
  const dry = await stt(folder, ['download', 'demo-digits', 'medium', '--dry-run']);
  assert.is(dry.exitCode, 0, dry.outputTail);
  assert.match(
    dry.stdout,
    /demo-digits: not here[\s\S]*from http:\/\/127\.0\.0\.1:1\/ggml-medium\.bin, 1533763059 bytes/u,
  );
  assert.equal(await readdir(folder.path), []);

  const first = await stt(folder, ['download', 'ggml-demo-digits.bin']);
  assert.is(first.exitCode, 0, first.outputTail);
  assert.match(first.stdout, /^demo-digits: unpacked and verified: .*ggml-demo-digits\.bin\n$/u);
  const second = parse(await stt(folder, ['download', 'demo-digits', '--json']));
  assert.is((second['models'] as Record<string, unknown>[])[0]?.['outcome'], 'there');

  await writeFile(`${models}/ggml-own.bin`, 'own');
  const rows = (await stt(folder, ['list', '--here'], { STT_MODEL: 'demo-digits' })).stdout.split('\n');
  assert.match(rows[0] ?? '', /^demo-digits\t6840889\ten,de,fr,es\t70000000\t\tverified\tin use\tfor demo/u);
  assert.match(rows[1] ?? '', /^own\t3\t\t\t\tdownloaded\t\t$/u);
  const verified = await stt(folder, ['verify']);
  assert.is(verified.exitCode, 0, verified.outputTail);
  assert.match(
    verified.stdout,
    /^demo-digits: verified\nown: not in the catalogue, your own; SHA-256 [0-9a-f]{64}\n$/u,
  );

  const refused = await stt(folder, ['remove', 'demo-digits', '--yes'], { STT_MODEL: 'demo-digits' });
  assert.equal([refused.exitCode, /STT_MODEL names it/u.test(refused.outputTail)], [2, true]);
  const unasked = await stt(folder, ['remove', 'demo-digits']);
  assert.equal([unasked.exitCode, (await readdir(models)).length], [2, 3]);
  const removed = await stt(folder, ['remove', 'demo-digits', '--yes']);
  assert.is(removed.exitCode, 0, removed.outputTail);
  assert.equal((await readdir(models)).toSorted(), ['ggml-own.bin', 'verified.json']);
});

run('a wrong model is told with 65 and stays, a missing one with 66', async () => {
  await using folder = await temporaryFolder();
  const models = folder.join('data', 'models');
  await mkdir(models, { recursive: true });
  const file = `${models}/ggml-silero-v6.2.0.bin`;
  await writeFile(file, Buffer.alloc(885_098));
  const wrong = await stt(folder, ['verify', 'silero']);
  assert.is(wrong.exitCode, 65, wrong.outputTail);
  assert.match(
    wrong.stdout,
    /silero-v6\.2\.0: WRONG: expected SHA-256 2aa2.*, found [0-9a-f]{64}\..*stt models download silero-v6\.2\.0/u,
  );
  assert.is((await readFile(file)).length, 885_098);
  const missing = await stt(folder, ['verify', 'medium', '--json']);
  assert.is(missing.exitCode, 66, missing.outputTail);
  assert.match(missing.stdout, /stt models download medium/u);
  const nowhere = await stt(folder, ['verify', './x']);
  assert.equal([nowhere.exitCode, /^x: there is no file .*x\n$/u.test(nowhere.stdout)], [66, true], nowhere.stdout);
});

run('nothing is done where one of the names is unknown', async () => {
  await using folder = await temporaryFolder();
  const end = await stt(folder, ['download', 'demo-digits', 'mediun']);
  assert.is(end.exitCode, 2, end.outputTail);
  assert.match(end.outputTail, /Did you mean medium\?/u);
  const two = await stt(folder, ['download', 'tiny', 'base', '--from', 'one.bin']);
  assert.match(two.outputTail, /One file cannot be several models/u);
  assert.is(two.exitCode, 2);
  assert.equal(await readdir(folder.path), []);
});

run(
  'wrong bytes, a proxy that is none and a folder that is a file end with their codes, and show no password',
  async () => {
    await using folder = await temporaryFolder();
    await using liar = await fileServer((_request, response) => response.end(Buffer.alloc(885_098)));
    const mirror = (url: string): Record<string, string> => ({
      STT_MODEL_BASE_URL: url.replace('/file.tar.gz', '').replace('//', '//me:hush@'),
    });
    const wrong = await stt(folder, ['download', 'silero'], mirror(liar.url));
    assert.equal([wrong.exitCode, /its SHA-256 differs/u.test(wrong.outputTail)], [65, true]);
    const proxied = await stt(folder, ['download', 'silero'], { https_proxy: 'socks5://me:hush@127.0.0.1:1' });
    assert.equal([proxied.exitCode, /HTTPS_PROXY names no proxy/u.test(proxied.outputTail)], [78, true]);
    for (const end of [wrong, proxied]) assert.not.match(end.outputTail + end.stdout, /hush/u);
    assert.equal(await readdir(folder.join('data', 'models')), []);

    await writeFile(folder.join('blocked'), '');
    const blocked = await stt(folder, ['download', 'silero'], { STT_DATA_DIR: folder.join('blocked') });
    assert.is(blocked.exitCode, 74, blocked.outputTail);
    assert.match(blocked.outputTail, /STT_DATA_DIR/u);
  },
);

run('goes through the proxy of the environment', async () => {
  await using folder = await temporaryFolder();
  await using proxy = await fileServer((_request, response) => response.writeHead(407).end());
  const HTTP_PROXY = proxy.url.replace('/file.tar.gz', '');
  const end = await stt(folder, ['download', 'silero'], { STT_MODEL_BASE_URL: 'http://models.example', HTTP_PROXY });
  assert.equal([end.exitCode, /HTTP 407, the proxy asks/u.test(end.outputTail)], [69, true], end.outputTail);
  assert.is(proxy.requests[0]?.url, 'http://models.example/ggml-silero-v6.2.0.bin');
});

run('Ctrl-C ends a download with 130, and what came is kept', async () => {
  await using folder = await temporaryFolder();
  const stopper = new AbortController();
  await using server = await fileServer((_request, response) => {
    response.writeHead(200, { etag: '"one"', 'content-length': 885_098 });
    response.write(Buffer.alloc(200_000), () => stopper.abort());
  });
  const STT_MODEL_BASE_URL = server.url.replace('/file.tar.gz', '');
  const end = await runChild({
    file: process.execPath,
    args: [`${packageFolder}/bin/stt.js`, 'models', 'download', 'silero'],
    cwd: folder.path,
    env: { STT_DATA_DIR: folder.join('data'), STT_MODEL_BASE_URL },
    signal: stopper.signal,
  });
  assert.is(end.exitCode, 130, end.outputTail);
  const left = await readdir(folder.join('data', 'models'));
  assert.equal(left.toSorted(), ['ggml-silero-v6.2.0.bin.part', 'ggml-silero-v6.2.0.bin.part.json']);
});

run.run();
