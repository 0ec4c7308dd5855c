import { createServer } from 'node:net';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fileServer } from '../../../test/support/file-server.ts';
import { rejects } from '../../../test/support/rejects.ts';
import { startFakeServer } from '../../worker/testing/fake-server.ts';
import { askServer, type ServerLook } from '../ask-server.ts';
import type { Checked } from '../finding.ts';
import { checkServer, type ServerSeen } from './check-server.ts';

const run = suite('check server');

const never = new AbortController().signal;

async function look(url: string, timeoutMs = 5000): Promise<Checked<ServerSeen>> {
  return checkServer(await askServer(url, { signal: never, timeoutMs }), url);
}

/** What is found of a server that answers so. */
async function answering(handle: (request: IncomingMessage, response: ServerResponse) => void, timeoutMs?: number) {
  await using server = await fileServer(handle);
  return { checked: await look(new URL(server.url).origin, timeoutMs), requests: server.requests };
}

const answer =
  (status: number, body: object | string, headers: Record<string, string> = {}) =>
  (_: IncomingMessage, response: ServerResponse): void => {
    const isText = typeof body === 'string';
    response.writeHead(status, { 'Content-Type': isText ? 'text/html' : 'application/json', ...headers });
    response.end(isText ? body : JSON.stringify(body));
  };

/** What stt-server sends with /readyz. */
const ours = { 'X-STT-Protocol': '2' };

const flavourOf = (checked: Checked<ServerSeen>) => ('value' in checked ? checked.value.flavour : undefined);

run('knows one that hands out tasks, and asks it for none', async () => {
  const { checked, requests } = await answering(answer(200, { status: 'ok' }, ours));
  assert.is(checked.status, 'ok', checked.found);
  assert.is(flavourOf(checked), 'protocol 2');
  assert.match(checked.found, /answers in \d+ ms, and hands out tasks$/u);
  assert.equal(
    requests.map(({ url, method, headers }) => [method, url, headers.authorization]),
    [['GET', '/readyz', undefined]],
  );
});

run('says why one hands out none', async () => {
  const problem = { status: 503, code: 'not_ready', detail: 'the library is missing: \u001B[31mgone' };
  const { checked } = await answering(answer(503, problem, ours));
  assert.is(checked.status, 'warn');
  assert.is(flavourOf(checked), 'protocol 2');
  assert.match(checked.found, 'hands out no tasks now: the library is missing: [31mgone');
});

run('warns where it answers as ours do, and does not say what it is', async () => {
  const notReady = { status: 503, code: 'not_ready', detail: 'the library is missing' };
  for (const handle of [answer(200, { status: 'ok' }), answer(503, notReady)]) {
    const { checked } = await answering(handle);
    assert.is(checked.status, 'warn', checked.found);
    assert.is(flavourOf(checked), 'unknown');
    assert.match(checked.found, 'does not say what it is');
  }
});

run("knows an ancestor's server, and one behind a password", async () => {
  await using ancestor = await startFakeServer({ flavour: 'ancestor' });
  const checked = await look(ancestor.url);
  assert.is(checked.status, 'warn', checked.found);
  assert.match(checked.found, "looks like an ancestor's server");
  assert.is(flavourOf(checked), 'ancestor');
  assert.equal(ancestor.callsOf('task'), [], 'no task is taken');
  const guarded = await answering(answer(401, '<html>who are you</html>'));
  assert.is(guarded.checked.status, 'ok');
  assert.is(flavourOf(guarded.checked), 'guarded');
});

run('fails for whatever else answers, and says what to do', async () => {
  const cases: [handler: ReturnType<typeof answer>, found: RegExp, fix: RegExp][] = [
    [answer(200, '<html>Welcome to Free WiFi</html>'), /not as a server of ours/u, /login page/u],
    [answer(200, { status: 'error', anything: 1 }), /not as a server of ours/u, /another program/u],
    [answer(200, { status: 'UP' }, ours), /not as a server of ours/u, /another program/u],
    [answer(503, { code: 'DOWN', detail: 'no database' }), /no database/u, /Look after/u],
    [answer(200, [1, 2]), /not as a server of ours/u, /SERVER_URL/u],
    [answer(404, '<html>nothing</html>'), /not as a server of ours/u, /SERVER_URL/u],
    [answer(404, { code: 'not_found', detail: 'There is nothing at this path.' }), /not at this path/u, /path/u],
    [answer(302, '', { Location: 'https://elsewhere.example/readyz' }), /elsewhere\.example/u, /redirects/u],
    [answer(502, '<html>Bad Gateway</html>'), /502/u, /proxy/u],
    [answer(500, { code: 'internal', detail: 'The server failed.' }), /The server failed/u, /Look after/u],
    [answer(200, 'x'.repeat(1_000_000)), /not as a server of ours/u, /SERVER_URL/u],
  ];
  for (const [handle, found, fix] of cases) {
    const { checked } = await answering(handle);
    assert.is(checked.status, 'fail', checked.found);
    if (checked.status !== 'fail') continue;
    assert.is(checked.exitCode, 69);
    assert.match(checked.found, found);
    assert.match(checked.fix ?? '', fix);
  }
});

run('waits no longer than it should, also for an answer that never ends', async () => {
  const silent = await answering(() => {}, 100);
  assert.match(silent.checked.found, /no answer within 0\.1 s/u);
  const dripping = await answering((_, response) => void response.writeHead(200).write('{'), 100);
  assert.match(dripping.checked.found, /no answer within 0\.1 s/u);
  assert.match('fix' in dripping.checked ? (dripping.checked.fix ?? '') : '', /firewall/u);
});

run('says what is wrong with an address', async () => {
  await using gone = await fileServer(() => {});
  const { origin } = new URL(gone.url);
  await gone[Symbol.asyncDispose]();
  const refused = await look(origin);
  assert.match(refused.found, /ECONNREFUSED/u);
  assert.match('fix' in refused ? (refused.fix ?? '') : '', /stt-server/u);

  const garbage = createServer((socket) => socket.end('SSH-2.0-OpenSSH_9.9\r\n')).listen(0, '127.0.0.1');
  await new Promise((resolve) => garbage.once('listening', resolve));
  const { port } = garbage.address() as { port: number };
  const spoken = await look(`http://127.0.0.1:${port}`);
  assert.is(spoken.status, 'fail');
  assert.match('fix' in spoken ? (spoken.fix ?? '') : '', /https:\/\//u);
  const tls = await look(`https://127.0.0.1:${port}`);
  assert.match('fix' in tls ? (tls.fix ?? '') : '', /http:\/\//u);
  garbage.close();
});

run('tells names, certificates and dates apart', () => {
  const fixOf = (code: string): string => {
    const silent: ServerLook = { kind: 'silent', reason: 'no', code };
    const checked = checkServer(silent, 'https://server');
    return 'fix' in checked ? (checked.fix ?? '') : '';
  };
  assert.match(fixOf('ENOTFOUND'), /DNS/u);
  assert.match(fixOf('EHOSTUNREACH'), /firewall/u);
  assert.match(fixOf('DEPTH_ZERO_SELF_SIGNED_CERT'), /NODE_EXTRA_CA_CERTS/u);
  assert.match(fixOf('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), /NODE_EXTRA_CA_CERTS/u);
  assert.match(fixOf('ERR_TLS_CERT_ALTNAME_INVALID'), /name in SERVER_URL/u);
  assert.match(fixOf('CERT_NOT_YET_VALID'), /clocks/u);
});

run('stops with the signal', async () => {
  const stop = new AbortController();
  await using server = await fileServer(() => stop.abort(new Error('enough')));
  await rejects(askServer(new URL(server.url).origin, { signal: stop.signal, timeoutMs: 5000 }), /enough/u);
});

run.run();
