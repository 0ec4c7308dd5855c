import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Answer, type RawAnswer, readAnswer } from './server-answer.ts';

const run = suite('readAnswer');

const now = Date.UTC(2026, 0, 1);
const answerTo = (raw: Partial<RawAnswer>): Answer => readAnswer({ status: 200, headers: {}, body: '', ...raw }, now);
const reasonIn = (answer: Answer): string => (answer.kind === 'accepted' ? '' : answer.reason);

run('takes JSON with a good status for acceptance', () => {
  assert.equal(answerTo({ body: '{"status":"ok"}' }), { kind: 'accepted' });
});

run('does not take a login portal for acceptance', () => {
  const answer = answerTo({ body: '<html>Log in</html>', headers: { 'content-type': 'text/html' } });
  assert.is(answer.kind, 'later');
  assert.match(reasonIn(answer), 'something that is not from stt-server (text/html)');
});

for (const status of [400, 404, 409, 410, 413, 422]) {
  run(`takes ${status} for a refusal, if the server itself says so`, () => {
    assert.equal(answerTo({ status, body: '{"detail":"ID not found"}' }), {
      kind: 'refused',
      reason: `HTTP ${status}: ID not found`,
    });
    assert.is(answerTo({ status, body: '<html>nginx</html>' }).kind, 'later');
  });
}

for (const status of [301, 401, 403, 408, 429, 500, 502, 503]) {
  run(`tries again after ${status}`, () => {
    assert.is(answerTo({ status, body: '{"detail":"x"}' }).kind, 'later');
  });
}

run('takes it for a wrong SERVER_URL that there is nothing at this path, never for a refusal', () => {
  assert.is(answerTo({ status: 404, body: '{"detail":"Not Found"}' }).kind, 'later');
  assert.is(
    answerTo({ status: 404, body: '{"code":"not_found","detail":"There is nothing at this path."}' }).kind,
    'later',
  );
  assert.is(answerTo({ status: 404, body: '{"code":"unknown_task","detail":"Not Found"}' }).kind, 'refused');
});

run("reads FastAPI's list of what is missing as a refusal", () => {
  const body = '{"detail":[{"loc":["body","vtt"],"msg":"field required"}]}';
  const answer = answerTo({ status: 422, body });
  assert.is(answer.kind, 'refused');
  assert.match(reasonIn(answer), 'HTTP 422: {"detail":[{"loc":["body","vtt"],"msg":"field required"}]}');
  for (const other of ['{"error":"x"}', '{"detail":7}', '[]', '"detail"']) {
    assert.is(answerTo({ status: 422, body: other }).kind, 'later', other);
  }
});

run('tells an answer from none by its status', () => {
  assert.equal(answerTo({ status: 500, body: '{"detail":"x"}' }), {
    kind: 'later',
    reason: 'HTTP 500: x',
    retryAfterMs: undefined,
    status: 500,
  });
});

run('says what to do about a password, and about a redirect', () => {
  assert.match(reasonIn(answerTo({ status: 401 })), 'AUTH_ENABLED');
  const revoked = reasonIn(answerTo({ status: 401, body: '{"detail":"This token is wrong or was revoked."}' }));
  assert.match(revoked, /^HTTP 401: This token is wrong or was revoked\..*STT_TOKEN/u);
  const redirect = answerTo({ status: 302, headers: { location: 'https://server/login' } });
  assert.match(reasonIn(redirect), 'redirects to https://server/login; set SERVER_URL');
});

run('reads Retry-After as seconds and as a date, within an hour', () => {
  const retryAfter = (value: string): number | undefined => {
    const answer = answerTo({ status: 503, headers: { 'retry-after': value } });
    return answer.kind === 'later' ? answer.retryAfterMs : -1;
  };
  assert.is(retryAfter('7'), 7000);
  assert.is(retryAfter(new Date(now + 30_000).toUTCString()), 30_000);
  assert.is(retryAfter('999999999'), 3_600_000);
  assert.is(retryAfter('soon'), undefined);
});

run('keeps what a peer says to one short line', () => {
  const detail = `a\nb\u001b[31m${'x'.repeat(1000)}`;
  const reason = reasonIn(answerTo({ status: 409, body: JSON.stringify({ detail }) }));
  assert.match(reason, /^HTTP 409: a b \[31mx+$/u);
  assert.ok(reason.length < 400);
});

run.run();
