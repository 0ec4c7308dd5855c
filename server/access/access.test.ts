import { pino } from 'pino';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../../test/support/rejects.ts';
import { eventually } from '../../test/support/eventually.ts';
import { systemClock } from '../../src/clock.ts';
import { startTestHttp, type TestHttp } from '../testing/test-http.ts';
import type { Access } from './access.ts';
import { crossSiteObjection, foreignHostObjection } from './cross-site.ts';
import { GuessLimiter, networkOf } from './guess-limiter.ts';
import { openAccess } from './open-access.ts';
import { isLoopback, requireSafeAddress } from './require-safe-address.ts';
import { isSameDigest, makeToken, presentedToken, tokenSha256 } from './token.ts';
import { TrustedProxies } from './trusted-proxies.ts';

const run = suite('access');

const bearer = (token: string): Record<string, string> => ({ Authorization: `Bearer ${token}` });
const basic = (token: string): Record<string, string> => ({
  Authorization: `Basic ${Buffer.from(`anybody:${token}`).toString('base64')}`,
});
const statusOf = async (server: TestHttp, path: string, headers: Record<string, string> = {}): Promise<number> =>
  (await fetch(server.url + path, { headers })).status;

run('lets everybody in until a token is made, and then nobody without', async () => {
  await using server = await startTestHttp();
  assert.is(await statusOf(server, '/worker'), 200);
  server.addToken('pc', 'worker');
  await eventually(async () => (await statusOf(server, '/worker')) === 401, 'it takes effect');
  assert.is(await statusOf(server, '/livez'), 200);
});

run('takes a token as Bearer and as the password of Basic, and knows its owner', async () => {
  await using server = await startTestHttp({ isAuthRequired: true });
  const token = server.addToken('pc', 'worker');
  for (const headers of [bearer(token), basic(token), { Authorization: `bearer  ${token}` }]) {
    const response = await fetch(`${server.url}/worker`, { headers });
    assert.is(response.status, 200);
    assert.equal(await response.json(), { ip: '127.0.0.1', credential: 'pc' });
  }
});

run('answers 401 without a right token, with both challenges, and never writes a token down', async () => {
  await using server = await startTestHttp({ isAuthRequired: true });
  const token = server.addToken('pc', 'worker');
  const none = await fetch(`${server.url}/worker`);
  assert.is(none.status, 401);
  assert.is(none.headers.get('www-authenticate'), 'Bearer realm="stt", Basic realm="stt", charset="UTF-8"');
  assert.is(none.headers.get('content-type'), 'application/problem+json');
  const wrong = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`;
  const others = [
    bearer(wrong),
    basic(wrong),
    bearer(''),
    { Authorization: token },
    { Authorization: `Digest ${token}` },
  ];
  for (const headers of others) assert.is(await statusOf(server, '/worker', headers), 401);
  assert.is(server.failures(), 6);
  assert.is(server.logs.filter(({ msg }) => msg === 'access refused').length, 6);
  assert.not.match(JSON.stringify(server.logs), wrong.slice(6));
});

run('refuses a revoked token at the next request', async () => {
  await using server = await startTestHttp({ isAuthRequired: true });
  const token = server.addToken('pc', 'worker');
  assert.is(await statusOf(server, '/worker', bearer(token)), 200);
  server.revoke('pc');
  assert.is(await statusOf(server, '/worker', bearer(token)), 401);
});

run('gives each role its own: an admin also reads the metrics, only workers get recordings', async () => {
  await using server = await startTestHttp({ isAuthRequired: true });
  const allowed = { worker: ['worker'], admin: ['admin', 'metrics'], metrics: ['metrics'] } as const;
  for (const role of ['worker', 'admin', 'metrics'] as const) {
    const token = server.addToken(role, role);
    for (const path of ['worker', 'admin', 'metrics'] as const) {
      const isAllowed = (allowed[role] as readonly string[]).includes(path);
      assert.is(await statusOf(server, `/${path}`, bearer(token)), isAllowed ? 200 : 403, `${role} at ${path}`);
    }
  }
});

run('stops guessing from an address, but nobody who was right there before, nor anybody elsewhere', async () => {
  await using server = await startTestHttp({ isAuthRequired: true, trustedProxies: ['127.0.0.1'] });
  const [known, fresh] = [server.addToken('known', 'worker'), server.addToken('fresh', 'worker')];
  const from = (ip: string, token: string) => ({ ...bearer(token), 'X-Forwarded-For': ip });
  assert.is(await statusOf(server, '/worker', from('1.2.3.4', known)), 200);
  for (let count = 0; count < 30; count += 1) {
    assert.is(await statusOf(server, '/worker', from('1.2.3.4', 'the same old one')), 401);
  }
  for (let count = 1; count < 10; count += 1) {
    assert.is(await statusOf(server, '/worker', from('1.2.3.4', `guess ${count}`)), 401);
  }
  const blocked = await fetch(`${server.url}/worker`, { headers: from('1.2.3.4', 'guess 11') });
  assert.is(blocked.status, 429);
  assert.ok(Number(blocked.headers.get('retry-after')) > 0);
  assert.is(await statusOf(server, '/worker', from('1.2.3.4', fresh)), 429, 'or guessing would still work');
  assert.is(await statusOf(server, '/worker', from('1.2.3.4', known)), 200);
  assert.is(await statusOf(server, '/worker', from('5.6.7.8', fresh)), 200);
  assert.is(await statusOf(server, '/worker', from('5.6.7.8', 'guess 12')), 401);
});

run('forgets guesses after a while, and counts a whole IPv6 network as one', async () => {
  const limiter = new GuessLimiter({ guesses: 2, windowSeconds: 1, places: 1000, welcomes: 2 });
  await limiter.wrong('2001:db8::1', 'a');
  await limiter.wrong('2001:db8::ffff:2', 'b');
  assert.ok((await limiter.blockedMs('2001:db8:0:0:9::', 'c')) > 0);
  await eventually(async () => (await limiter.blockedMs('2001:db8::1', 'c')) === 0, 'it is over');
  await limiter.wrong('2001:db8::1', 'a');
  assert.is(await limiter.blockedMs('2001:db8::1', 'c'), 0);
  assert.is(networkOf('2001:db8::1'), '2001:db8:0:0::/64');
  assert.is(networkOf('2001:0DB8:1:2:3:4:5:6'), '2001:db8:1:2::/64');
  assert.is(networkOf('::1'), '0:0:0:0::/64');
  assert.is(networkOf('10.0.0.1'), '10.0.0.1');
});

run('believes X-Forwarded-For of trusted proxies only, and the last stranger in it', () => {
  const proxies = new TrustedProxies(['127.0.0.1', '10.0.0.0/8', '2001:db8::/32']);
  assert.is(proxies.clientOf('127.0.0.1', '1.1.1.1, 2.2.2.2, 10.1.1.1'), '2.2.2.2');
  assert.is(proxies.clientOf('::ffff:127.0.0.1', '1.1.1.1'), '1.1.1.1');
  assert.is(proxies.clientOf('2001:db8::5', ' 2003::1 '), '2003::1');
  assert.is(proxies.clientOf('9.9.9.9', '1.1.1.1'), '9.9.9.9');
  assert.is(proxies.clientOf('127.0.0.1', undefined), '127.0.0.1');
  assert.is(proxies.clientOf('127.0.0.1', '10.2.2.2'), '10.2.2.2');
  for (const nonsense of ['', 'unknown', '1.1.1.1, <script>', '1.1.1.1,', '1.1.1.1\n2.2.2.2']) {
    assert.is(proxies.clientOf('127.0.0.1', nonsense), '127.0.0.1', nonsense);
  }
  assert.is(new TrustedProxies([]).clientOf('::ffff:1.2.3.4', '5.5.5.5'), '1.2.3.4');
});

run('keeps the pages of others away, health aside', async () => {
  await using server = await startTestHttp({ isLocalOnly: true });
  const crossSite = { 'Sec-Fetch-Site': 'cross-site' };
  assert.is(await statusOf(server, '/worker', crossSite), 403);
  assert.is(await statusOf(server, '/livez', crossSite), 200);
  assert.is(await statusOf(server, '/worker', { Origin: 'https://evil.example' }), 403);
  assert.is(await statusOf(server, '/worker', { Origin: server.url }), 200);
  assert.match(
    await server.exchange('GET /worker HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n'),
    / 403 /u,
  );
  assert.is(crossSiteObjection({ 'sec-fetch-site': 'same-origin', host: 'a', origin: 'https://a' }), undefined);
  for (const host of ['localhost:8000', '127.0.0.1:8000', '[::1]:8000', '10.0.0.1', 'a.localhost', 'pc', undefined]) {
    assert.is(foreignHostObjection(host), undefined, host);
  }
});

run('does not open the library to a network by accident', async () => {
  for (const host of ['127.0.0.1', '127.1.2.3', '::1', 'localhost', 'LOCALHOST', '::ffff:127.0.0.1']) {
    assert.ok(isLoopback(host), host);
  }
  for (const host of ['0.0.0.0', '::', '10.0.0.1', 'pc', '127.evil.example', '']) assert.not.ok(isLoopback(host), host);
  const everywhere = { host: '0.0.0.0', isAuthRequired: false, isInsecureAllowed: false };
  const error = await rejects(
    (async () => requireSafeAddress(everywhere))(),
    /would listen on 0\.0\.0\.0 without asking anybody for a token/u,
  );
  assert.is(error['exitCode'], 78);
  assert.match(String(error['hint']), /stt-server worker add NAME[\s\S]*STT_INSECURE=true/u);
  assert.is(requireSafeAddress({ ...everywhere, isAuthRequired: true }), undefined);
  assert.is(requireSafeAddress({ ...everywhere, host: '127.0.0.1' }), undefined);
  assert.match(requireSafeAddress({ ...everywhere, isInsecureAllowed: true }) ?? '', 'everybody who reaches 0.0.0.0');
});

run('starts openly elsewhere only when somebody said so, and warns then', async () => {
  const warnings: unknown[] = [];
  const logger = pino({}, { write: (line: string) => warnings.push((JSON.parse(line) as { msg: string }).msg) });
  const openWith = (settings: { auth?: boolean; insecure?: boolean }, hasCredentials: boolean): Promise<Access> =>
    openAccess({
      settings: { host: '0.0.0.0', auth: undefined, insecure: false, ...settings },
      credentials: { hasCredentials: async () => hasCredentials, credentialOf: async () => undefined },
      metrics: { authenticationFailed: () => {} },
      clock: systemClock,
      logger,
    });
  await rejects(openWith({}, false), /without asking anybody/u);
  await rejects(openWith({ auth: false }, true), /without asking anybody/u);
  assert.ok(await (await openWith({}, true)).isRequired());
  assert.is(warnings.length, 0);
  assert.not.ok(await (await openWith({ insecure: true }, false)).isRequired());
  assert.match(String(warnings[0]), 'STT_INSECURE');
  assert.ok(await (await openWith({ auth: true }, false)).isRequired());
  assert.match(String(warnings[1]), 'nobody gets in');
});

run('makes tokens that tell their role, and keeps only a digest', () => {
  const token = makeToken('admin', (size) => Buffer.alloc(size, 0xff));
  assert.is(token, `stt_a_${'_'.repeat(42)}8`);
  const digest = tokenSha256(token);
  assert.match(digest, /^[0-9a-f]{64}$/u);
  assert.ok(isSameDigest(digest, digest));
  assert.not.ok(isSameDigest(digest, tokenSha256('other')));
  assert.not.ok(isSameDigest('', ''));
  assert.is(presentedToken(undefined), undefined);
  assert.is(presentedToken(`Basic ${Buffer.from('a:b:c').toString('base64')}`), 'b:c');
  assert.is(presentedToken(`Bearer ${'x'.repeat(2000)}`), '');
});

run.run();
