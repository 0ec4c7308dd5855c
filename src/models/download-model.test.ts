import { chmod, readdir, readFile, rename, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type FileServer, fileServer } from '../../test/support/file-server.ts';
import { rejects } from '../../test/support/rejects.ts';
import { canMount, smallDisk } from '../../test/support/small-disk.ts';
import { type TemporaryFolder, temporaryFolder } from '../../test/support/temporary-folder.ts';
import type { ProxyEnvironment } from '../download/proxy-agents.ts';
import { impatientClock } from '../download/testing/download-request.ts';
import { describeModelDownload, downloadModel, type ProvidedModel } from './download-model.ts';
import { importModel } from './import-model.ts';
import { type CatalogueModel, readModel } from './model-catalogue.ts';
import { medium, mediumBytes, old, oldBytes } from './testing/small-models.ts';

const run = suite('download model');

const mirror = (server: FileServer): string => server.url.replace('/file.tar.gz', '/mirror');

function get(
  model: CatalogueModel,
  folder: TemporaryFolder,
  baseUrl: string | undefined,
  proxy?: ProxyEnvironment,
): Promise<ProvidedModel> {
  const signal = new AbortController().signal;
  return downloadModel({ model, modelsFolder: folder.join('models'), baseUrl, proxy, clock: impatientClock(), signal });
}

function bring(model: CatalogueModel, folder: TemporaryFolder, from: string): Promise<ProvidedModel> {
  const signal = new AbortController().signal;
  return importModel({ model, modelsFolder: folder.join('models'), from, clock: impatientClock(), signal });
}

run('comes from the mirror, is verified, and is not fetched again', async () => {
  await using folder = await temporaryFolder();
  await using server = await fileServer((request, response) =>
    response.end(request.url === '/mirror/ggml-medium.bin' ? mediumBytes : oldBytes),
  );
  const file = folder.join('models', medium.file);
  assert.equal(await get(medium, folder, mirror(server)), {
    name: 'medium',
    file,
    outcome: 'downloaded',
    hasReplaced: false,
  });
  assert.equal(await readFile(file), mediumBytes);
  assert.equal((await readdir(folder.join('models'))).toSorted(), [medium.file, 'verified.json']);

  // Nobody reads it again: a file that cannot be read is still known.
  const { mtimeMs } = await stat(file);
  assert.is((await get(medium, folder, 'http://127.0.0.1:1')).outcome, 'there');
  assert.equal([server.requests.length, (await stat(file)).mtimeMs], [1, mtimeMs]);
  // By its SHA-1.
  assert.is((await get(old, folder, mirror(server))).outcome, 'downloaded');
});

run('replaces a file that is another one, once the right one is there', async () => {
  await using folder = await temporaryFolder();
  let bytes = Buffer.alloc(mediumBytes.length, 'evil');
  await using server = await fileServer((_request, response) => response.end(bytes));
  await bring(medium, folder, await fileIn(folder, 'given.bin', mediumBytes));
  const file = folder.join('models', medium.file);
  await writeFile(file, 'my own');
  await rejects(get(medium, folder, mirror(server)), /is not the file that is expected/u);
  assert.is(await readFile(file, 'utf8'), 'my own');
  bytes = mediumBytes;
  const provided = await get(medium, folder, mirror(server));
  assert.equal([provided.outcome, provided.hasReplaced], ['downloaded', true]);
  assert.equal(await readFile(file), mediumBytes);
});

run('says the sizes where it is cut', async () => {
  await using folder = await temporaryFolder();
  await using server = await fileServer((_request, response) => response.end(mediumBytes.subarray(1)));
  await rejects(get(medium, folder, mirror(server)), /it has 209999 bytes instead of 210000\.$/u);
});

run('refuses more than the catalogue says', async () => {
  await using folder = await temporaryFolder();
  await using server = await fileServer((_request, response) => response.end(Buffer.concat([mediumBytes, oldBytes])));
  const error = await rejects(get(medium, folder, mirror(server)), /larger than 210000 bytes/u);
  assert.equal([error['code'], error['exitCode']], ['STT_MODEL_UNREACHABLE', 69]);
});

run('says how to get on without a network', async () => {
  await using folder = await temporaryFolder();
  const error = await rejects(
    get(medium, folder, undefined),
    /cannot be downloaded from .*ggml-medium\.bin: .*ECONNREFUSED/u,
  );
  assert.match(String(error['hint']), /STT_MODEL_BASE_URL[\s\S]*stt models download medium --from FILE/u);
});

run('promises to go on only where that may help, and names no proxy where one is in the way', async () => {
  await using folder = await temporaryFolder();
  const hintFor = async (statusCode: number, isProxied = false): Promise<string> => {
    await using server = await fileServer((_request, response) => response.writeHead(statusCode).end());
    const proxy = isProxied ? { HTTP_PROXY: server.url } : {};
    const error = await rejects(get(medium, folder, mirror(server), proxy), new RegExp(`HTTP ${statusCode}`, 'u'));
    return String(error['hint']);
  };
  for (const statusCode of [401, 404]) {
    assert.not.match(await hintFor(statusCode), /same command/u);
    assert.match(await hintFor(statusCode), /STT_MODEL_BASE_URL, a proxy in HTTPS_PROXY/u);
  }
  assert.match(await hintFor(503), /same command again: it goes on/u);
  const refused = await hintFor(407, true);
  assert.match(refused, /Look at the proxy that is set/u);
  assert.not.match(refused, /same command|HTTPS_PROXY/u);
});

run('looks for room first, and counts what is there already', async () => {
  await using folder = await temporaryFolder();
  if (!(await canMount(folder.path))) return console.log('skipped: mounting is not allowed here');
  await using server = await fileServer((_request, response) => response.end());
  const mib = 1024 ** 2;
  const large = { ...medium, sizeBytes: 20 * mib };
  await using disk = await smallDisk(folder.join('models'), 90 * mib);
  await writeFile(`${disk.path}/other`, Buffer.alloc(20 * mib));
  const error = await rejects(
    get(large, folder, mirror(server)),
    /medium needs 84 MiB in .*models, and 70 MiB are free/u,
  );
  assert.equal([error['code'], error['exitCode'], server.requests.length], ['STT_DISK_FULL', 74, 0]);
  await rejects(bring(large, folder, await fileIn(folder, 'sparse', '', large.sizeBytes)), /needs 84 MiB/u);
  // As little is free, but most of it is here.
  await rename(`${disk.path}/other`, `${disk.path}/${medium.file}.part`);
  await rejects(get(large, folder, mirror(server)), /not the file that is expected/u);
  assert.is(server.requests.length, 1);
});

run('a bundled one is unpacked', async () => {
  await using folder = await temporaryFolder();
  assert.is((await get(readModel('demo-digits'), folder, undefined)).outcome, 'unpacked');
  assert.is((await get(readModel('demo-digits'), folder, undefined)).outcome, 'there');
});

run('is copied from a file or from a folder, which stays as it is', async () => {
  await using folder = await temporaryFolder();
  const given = await fileIn(folder, medium.file, mediumBytes);
  await chmod(given, 0o400);
  const provided = await bring(medium, folder, folder.path);
  assert.equal([provided.outcome, provided.hasReplaced], ['imported', false]);
  assert.equal(await readFile(given), mediumBytes);
  assert.is((await stat(provided.file)).mode & 0o777, 0o644);
  assert.is((await bring(medium, folder, given)).outcome, 'there');
  // A link is followed, not copied.
  await symlink(await fileIn(folder, 'target', oldBytes), folder.join('link'));
  assert.is((await bring(old, folder, folder.join('link'))).outcome, 'imported');
  assert.is((await readdir(folder.join('models'))).length, 3);
});

run('nothing is copied that is another file, or no file', async () => {
  await using folder = await temporaryFolder();
  const short = await fileIn(folder, 'short', 'short');
  const changed = await fileIn(folder, 'changed', Buffer.alloc(mediumBytes.length));
  for (const [from, what] of [
    [short, /it has 5 bytes instead of 210000/u],
    [changed, /is not the model medium: its SHA-256 is/u],
  ] as const) {
    const error = await rejects(bring(medium, folder, from), what);
    assert.equal([error['code'], error['exitCode']], ['STT_MODEL_WRONG', 65]);
  }
  for (const from of [folder.join('nowhere'), folder.path]) {
    const error = await rejects(bring(medium, folder, from), /medium cannot be read from .*ENOENT/u);
    assert.equal([error['code'], error['exitCode']], ['STT_NO_FILE', 66]);
  }
  assert.equal(await readdir(folder.join('models')), []);
});

run('says what it would do, and does nothing', async () => {
  await using folder = await temporaryFolder();
  const place = { model: medium, modelsFolder: folder.join('models'), baseUrl: 'https://me:hush@mirror.example/m' };
  const steps = (await describeModelDownload(place)).join('\n');
  assert.match(
    steps,
    /from https:\/\/.*@mirror\.example\/m\/ggml-medium\.bin, 210000 bytes\n.*SHA-256 [0-9a-f]{64}\n.*to /u,
  );
  assert.not.match(steps, /hush/u);
  assert.equal(await readdir(folder.path), []);
  await bring(medium, folder, await fileIn(folder, 'given', mediumBytes));
  assert.match((await describeModelDownload(place)).join(), /is there and verified/u);
});

async function fileIn(
  folder: TemporaryFolder,
  name: string,
  bytes: Uint8Array | string,
  sizeBytes?: number,
): Promise<string> {
  const file = folder.join(name);
  await writeFile(file, bytes);
  if (sizeBytes !== undefined) await truncate(file, sizeBytes);
  return file;
}

run.run();
