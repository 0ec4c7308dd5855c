import type { IncomingMessage, ServerResponse } from 'node:http';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fileServer } from '../../../test/support/file-server.ts';
import { systemClock } from '../../clock.ts';
import { parseSettings } from '../../config/parse-settings.ts';
import { workerSettings } from '../../config/worker-settings.ts';
import { startFakeServer } from '../../worker/testing/fake-server.ts';
import { clientFor } from '../../worker/wire/client-for.ts';
import type { Checked } from '../finding.ts';
import { checkCredentials, nobodysTask, shownBy, whyNotAsked } from './check-credentials.ts';
import type { ServerSeen } from './check-server.ts';

const run = suite('check credentials');

const never = new AbortController().signal;

async function check(env: Record<string, string>, flavour: ServerSeen['flavour'] = 'protocol 2'): Promise<Checked> {
  const settings = parseSettings(workerSettings, env);
  const answer = await clientFor(settings, systemClock).sendHeartbeat({ id: nobodysTask }, never);
  return checkCredentials(answer, flavour, shownBy(settings));
}

/** What is found with a server that answers so. */
async function answered(
  status: number,
  body: object,
  env: Record<string, string> = {},
): Promise<{ checked: Checked; request: IncomingMessage | undefined }> {
  await using server = await fileServer((_, response: ServerResponse) => {
    response.writeHead(status, { 'Content-Type': 'application/problem+json' }).end(JSON.stringify(body));
  });
  const checked = await check({ SERVER_URL: new URL(server.url).origin, ...env });
  return { checked, request: server.requests[0] };
}

const unknownTask = { code: 'unknown_task', detail: 'There is no task with this id.' };
const token = `stt_w_${'x'.repeat(43)}`;

run('takes "no such task" for yes, and shows what a worker shows', async () => {
  const { checked, request } = await answered(404, unknownTask, { STT_TOKEN: token });
  assert.equal(checked, { status: 'ok', found: 'the server accepts STT_TOKEN', value: undefined });
  assert.is(request?.headers.authorization, `Bearer ${token}`);
  assert.is(request?.url, '/heartbeat');
  assert.match((await answered(409, { code: 'lease_lost', detail: 'gone' })).checked.found, 'wants none');
  const basic = await answered(404, unknownTask, { AUTH_ENABLED: 'true', USERNAME: 'me', PASSWORD: 'pw' });
  assert.is(basic.checked.found, 'the server accepts USERNAME and PASSWORD');
});

run('fails where they are refused, by the server or a proxy', async () => {
  const refused = { code: 'unauthorized', detail: 'This token is wrong or was revoked.' };
  for (const status of [401, 403, 407]) {
    const { checked } = await answered(status, refused, { STT_TOKEN: token });
    assert.is(checked.status, 'fail');
    if (checked.status !== 'fail') continue;
    assert.is(checked.exitCode, 77);
    assert.is(checked.code, 'STT_CREDENTIALS');
    assert.match(checked.found, /refuses STT_TOKEN: HTTP \d+: This token is wrong or was revoked; look at/u);
    assert.not.ok(JSON.stringify(checked).includes(token));
  }
  const none = (await answered(401, refused)).checked;
  assert.match('fix' in none ? (none.fix ?? '') : '', /stt-server worker add NAME/u);
  const many = (await answered(429, { code: 'too_many_attempts', detail: 'Too many wrong tokens.' })).checked;
  assert.is('exitCode' in many ? many.exitCode : 0, 75);
});

run("cannot tell with an ancestor's server, and takes no task to find out", async () => {
  await using ancestor = await startFakeServer({ flavour: 'ancestor' });
  ancestor.add(Buffer.from('a recording'));
  assert.is(whyNotAsked('ancestor', 'nothing')?.status, 'skipped');
  // Behind a password it is known by this only.
  assert.is((await check({ SERVER_URL: ancestor.url }, 'guarded')).status, 'skipped');
  assert.equal(ancestor.callsOf('task'), []);
  assert.is(ancestor.leases.size, 0);
});

run('shows nothing to a stranger, and to a proxy what may be for it', () => {
  assert.is(whyNotAsked('unknown', 'STT_TOKEN')?.status, 'skipped');
  assert.is(whyNotAsked('unknown', 'USERNAME and PASSWORD')?.status, 'skipped');
  assert.is(whyNotAsked('guarded', 'STT_TOKEN')?.status, 'warn');
  assert.is(whyNotAsked('guarded', 'USERNAME and PASSWORD'), undefined);
  assert.is(whyNotAsked('protocol 2', 'STT_TOKEN'), undefined);
});

run('fails for what no server of ours says', async () => {
  const answers: [status: number, body: object][] = [
    [200, { status: 'ok' }],
    [404, { error: 'no such page' }],
    [404, { detail: 'Not Found' }],
    [404, { code: 'not_found', detail: 'There is nothing at this path.' }],
  ];
  for (const [status, body] of answers) {
    const { checked } = await answered(status, body, { STT_TOKEN: token });
    assert.is(checked.status, 'fail', checked.found);
    assert.is('exitCode' in checked ? checked.exitCode : 0, 69);
    assert.match(checked.found, 'not a server of ours');
  }
});

run('warns where the server fails meanwhile', async () => {
  assert.is((await answered(503, { code: 'overloaded', detail: 'Too much at once.' })).checked.status, 'warn');
  assert.is((await check({ SERVER_URL: 'http://127.0.0.1:9' })).status, 'warn');
});

run.run();
