import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hideSecrets } from './hide-secrets.ts';

const hide = suite('hideSecrets');

const secrets: [what: string, logged: unknown][] = [
  ['user and password in a URL', { server: 'https://me:hunter2@server:8000/stt' }],
  ['a password with an @', { server: 'http://me:p@hunter2@server/' }],
  ['a password with what JSON escapes', { server: 'http://me:a"hunter2\\x@server/' }],
  ['a token for a user name alone', { server: 'http://hunter2@server/' }],
  ['a header in an object', { headers: { authorization: 'Bearer hunter2hunter2' } }],
  ['a header in a list', ['Authorization', 'Basic hunter2hunter2']],
  ['a header in a text', { msg: 'sent Authorization: Bearer hunter2hunter2, got 401' }],
  ['a header in backticks', { msg: 'sent `Authorization: Bearer hunter2`, got 401' }],
  ['a header that begins as a placeholder does', { msg: 'Authorization: Bearer TOKENhunter2' }],
  ['a header with a backtick in it', ['Authorization', 'a`hunter2']],
  ['a header of a proxy', { 'proxy-authorization': 'hunter2' }],
  ['a token of the server', { msg: `wrong: stt_w_hunter2${'x'.repeat(40)}` }],
];

for (const [what, logged] of secrets) {
  hide(what, () => {
    const line = hideSecrets(JSON.stringify(logged));
    assert.not.match(line, 'hunter2');
    assert.match(line, '[hidden]');
    JSON.parse(line);
  });
}

hide('leaves everything else as it is', () => {
  for (const line of [
    JSON.stringify({ url: 'http://127.0.0.1:8000', path: 'a@b/talk me@x.mp3', msg: 'listening' }),
    JSON.stringify({ path: 'authorization of a basic plan.mp3', reason: 'stt_leases_granted_total' }),
    'wants a token, as `Authorization: Bearer TOKEN` or as the password of HTTP Basic',
    'Send it as `Authorization: Bearer TOKEN`, or as `Authorization: Basic ...`.',
    JSON.stringify({ path: 'http:/x@y', url: 'http://server/a@b?c=d@e' }),
  ]) {
    assert.is(hideSecrets(line), line);
  }
});

hide('leaves a closing backtick', () => {
  assert.is(hideSecrets('sent `Authorization: Bearer hunter2` to it'), 'sent `Authorization: [hidden]` to it');
});

hide('takes no long time over a long line', () => {
  const startedAt = performance.now();
  hideSecrets('://a'.repeat(100_000));
  hideSecrets(`authorization${' '.repeat(300_000)}`);
  hideSecrets(`authorization:${'`'.repeat(300_000)}`);
  assert.ok(performance.now() - startedAt < 2000);
});

hide.run();
