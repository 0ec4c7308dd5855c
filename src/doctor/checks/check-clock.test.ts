import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fileServer } from '../../../test/support/file-server.ts';
import { askServer } from '../ask-server.ts';
import { checkServer } from './check-server.ts';
import { checkClock } from './check-clock.ts';

const run = suite('check clock');

/** What is found where the server's clock is off by so much; undefined: it does not say what time it is. */
async function seen(aheadMs: number | undefined) {
  await using server = await fileServer((_, response) => {
    response.sendDate = false;
    if (aheadMs !== undefined) response.setHeader('Date', new Date(Date.now() + aheadMs).toUTCString());
    response.end('{"status":"ok"}');
  });
  const { origin } = new URL(server.url);
  const checked = checkServer(
    await askServer(origin, { signal: new AbortController().signal, timeoutMs: 5000 }),
    origin,
  );
  if (!('value' in checked)) throw new Error(checked.found);
  const { status, found } = checkClock(checked.value);
  return { status, found };
}

run('agrees within a second or two', async () => {
  assert.equal(await seen(0), { status: 'ok', found: "agrees with the server's" });
});

run('warns beyond a minute, and says which way', async () => {
  assert.match((await seen(30_000)).found, /^(?:29|30|31) s behind/u);
  assert.is((await seen(30_000)).status, 'ok');
  assert.equal(await seen(-600_000), { status: 'warn', found: "10 minutes ahead of the server's" });
  assert.equal(await seen(5 * 3_600_000), { status: 'warn', found: "5 hours behind the server's" });
  assert.equal(await seen(-365 * 86_400_000), { status: 'warn', found: "365 days ahead of the server's" });
});

run('is not told by a server that does not say what time it is', async () => {
  assert.is((await seen(undefined)).status, 'skipped');
});

run.run();
