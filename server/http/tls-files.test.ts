import { copyFile, rename, utimes, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { connect, type TLSSocket } from 'node:tls';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runChild } from '../../src/run-child.ts';
import { eventually } from '../../test/support/eventually.ts';
import { rejects } from '../../test/support/rejects.ts';
import { type TemporaryFolder, temporaryFolder } from '../../test/support/temporary-folder.ts';
import { startTestHttp } from '../testing/test-http.ts';
import { readTlsPair, tlsPathsOf } from './tls-files.ts';

const run = suite('TLS');

async function makePair(folder: TemporaryFolder, name: string): Promise<{ cert: string; key: string }> {
  const [cert, key] = [folder.join(`${name}.crt`), folder.join(`${name}.key`)];
  const made = await runChild({
    file: 'openssl',
    args: ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'].concat([
      '-subj',
      `/CN=${name}`,
      '-addext',
      'subjectAltName=IP:127.0.0.1',
      '-keyout',
      key,
      '-out',
      cert,
    ]),
  });
  assert.is(made.exitCode, 0, made.outputTail);
  return { cert, key };
}

/** The name in the certificate that is shown at `port`. */
function nameAt(port: number, options: { maxVersion?: 'TLSv1.1' } = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

run('speaks HTTPS, not below TLS 1.2, and takes a new certificate without a restart', async () => {
  await using folder = await temporaryFolder();
  const tls = await makePair(folder, 'first');
  const second = await makePair(folder, 'second');
  await using server = await startTestHttp({ tls, limits: { checkEveryMs: 30 } });
  assert.match(server.url, /^https:/u);
  const status = await new Promise((resolve, reject) => {
    request(`${server.url}/livez`, { rejectUnauthorized: false }, (response) => resolve(response.statusCode))
      .on('error', reject)
      .end();
  });
  assert.is(status, 200);
  assert.is(await nameAt(server.port), 'first');
  await rejects(nameAt(server.port, { maxVersion: 'TLSv1.1' }), /.*/u);

  await writeFile(tls.cert, 'broken');
  await eventually(() => server.logs.some(({ msg }) => String(msg).includes('the old one stays')), 'the complaint');
  assert.is(await nameAt(server.port), 'first');

  await copyFile(second.key, tls.key);
  await rename(second.cert, tls.cert);
  await utimes(tls.cert, 1, 1);
  await eventually(async () => (await nameAt(server.port)) === 'second', 'the new certificate');
});

run('says in plain words which files cannot be used', async () => {
  await using folder = await temporaryFolder();
  const [one, other] = [await makePair(folder, 'one'), await makePair(folder, 'other')];
  const cases = [
    { cert: one.cert, key: folder.join('nowhere') },
    { cert: one.cert, key: other.key },
    { cert: one.key, key: one.key },
  ];
  for (const paths of cases) {
    const error = await rejects(readTlsPair(paths), /TLS certificate .* cannot be used/u);
    assert.is(error['exitCode'], 78);
  }
  assert.is(tlsPathsOf({ tlsCert: undefined, tlsKey: undefined }), undefined);
  assert.throws(() => tlsPathsOf({ tlsCert: 'a', tlsKey: undefined }), /STT_TLS_CERT is set without/u);
});

run.run();
