import { readFile, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../test/support/eventually.ts';
import { type FakeClock, fakeClock } from '../test/support/fake-clock.ts';
import { type FakePrograms, fakePrograms } from '../test/support/fake-programs.ts';
import { type TemporaryFolder, temporaryFolder } from '../test/support/temporary-folder.ts';
import { runChild } from './run-child.ts';
import { type NotifyVariables, openNotifier, type ServiceNotifier } from './sd-notify.ts';

const notify = suite('openNotifier');

type Scene = AsyncDisposable & {
  folder: TemporaryFolder;
  programs: FakePrograms;
  clock: FakeClock;
  troubles: string[];
  notifier: ServiceNotifier;
  /** What `systemd-notify` was given, one call each: its words, in their order. */
  calls: () => Promise<string[]>;
  /** Waits for so many calls. */
  called: (count: number) => Promise<string[]>;
};

/** A `systemd-notify` that notes what it is told and where. */
const noting = `printf '%s|' "$NOTIFY_SOCKET" "$@" >> "$0.told"; echo >> "$0.told"`;

async function scene({
  script = noting,
  variables = {},
  isAlone = false,
}: { script?: string | null; variables?: Partial<NotifyVariables>; isAlone?: boolean } = {}): Promise<Scene> {
  const folder = await temporaryFolder();
  const programs = await fakePrograms(script === null ? {} : { 'systemd-notify': script }, isAlone);
  const clock = fakeClock();
  const startMs = clock.now();
  const troubles: string[] = [];
  const notifier = openNotifier({
    variables: { notifySocket: '/run/notify', watchdogUsec: undefined, watchdogPid: undefined, ...variables },
    onTrouble: (message) => troubles.push(message),
    clock,
    elapsedMs: () => clock.now() - startMs,
    pid: 4711,
  });
  const calls = async (): Promise<string[]> => {
    const file = (process.env['PATH'] ?? '').split(':')[0] ?? '';
    const told = await readFile(`${file}/systemd-notify.told`, 'utf8').catch(() => '');
    return told.split('\n').filter((line) => line !== '');
  };
  return {
    folder,
    programs,
    clock,
    troubles,
    notifier,
    calls,
    called: (count) =>
      eventually(async () => {
        const all = await calls();
        return all.length >= count ? all : undefined;
      }, `${count} calls`),
    async [Symbol.asyncDispose]() {
      await notifier.close();
      await programs[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

notify('tells what it is told: ready, status, stopping, and at last why', async () => {
  await using at = await scene();
  at.notifier.ready('3 in work');
  assert.equal(await at.called(1), ['/run/notify|READY=1|STATUS=3 in work|']);
  at.notifier.stopping('stopping', 40_500.4);
  assert.is((await at.called(2))[1], '/run/notify|STOPPING=1|EXTEND_TIMEOUT_USEC=40500400|STATUS=stopping|');
  await at.notifier.close('Port 8000 is in use.\nREADY=1');
  assert.is((await at.calls())[2], '/run/notify|STATUS=Port 8000 is in use. READY=1|');
  at.notifier.status('too late');
  await at.notifier.close('too late');
  assert.equal([(await at.calls()).length, at.troubles], [3, []]);
});

notify('tells the last status of each second, and none twice', async () => {
  await using at = await scene();
  at.notifier.status('1');
  await at.called(1);
  for (const text of ['2', '3', '1', '4']) at.notifier.status(text);
  assert.is((await at.calls()).length, 1);
  await eventually(() => at.clock.isAwaited(1000), 'it waits');
  await at.clock.advance(1000);
  await at.called(2);
  at.notifier.status('4');
  await at.notifier.close();
  assert.equal(await at.calls(), ['/run/notify|STATUS=1|', '/run/notify|STATUS=4|']);
});

notify('hides secrets, and keeps to a line that systemd takes', async () => {
  await using at = await scene();
  await at.notifier.close(`http://me:hunter2@h\t\u202E${'ä'.repeat(5000)}`);
  const [told = ''] = await at.calls();
  assert.match(told, '|STATUS=http://[hidden]@h ä');
  assert.ok(Buffer.byteLength(told) < 2000);
});

notify('does not wait with what is urgent', async () => {
  await using at = await scene();
  at.notifier.status('1');
  await at.called(1);
  at.notifier.status('2');
  await eventually(() => at.clock.isAwaited(1000), 'it waits');
  at.notifier.ready('3');
  assert.is((await at.called(2))[1], '/run/notify|STATUS=3|READY=1|');
});

notify('feeds the watchdog four times in its interval, however often it hears of life', async () => {
  await using at = await scene({ variables: { watchdogUsec: '120000000', watchdogPid: '4711' } });
  assert.is(at.notifier.watchdogMs, 120_000);
  for (let second = 0; second < 65; second += 1) {
    at.notifier.alive();
    await at.clock.advance(1000);
    if (second % 30 === 0) await at.called(1 + second / 30);
  }
  await at.notifier.close();
  assert.equal(
    await at.calls(),
    Array.from({ length: 3 }, () => '/run/notify|WATCHDOG=1|'),
  );
});

notify('leaves a watchdog alone that watches another process, or none', async () => {
  for (const variables of [{ watchdogUsec: '30000000', watchdogPid: '4712' }, {}, { watchdogUsec: '' }]) {
    await using at = await scene({ variables });
    assert.is(at.notifier.watchdogMs, undefined);
    at.notifier.alive();
    await at.notifier.close();
    assert.equal([await at.calls(), at.troubles], [[], []]);
  }
});

notify('says that WATCHDOG_USEC is no number, and does the rest', async () => {
  for (const watchdogUsec of ['soon', '-1', '0', '1e9', '12345678901234567890']) {
    await using at = await scene({ variables: { watchdogUsec } });
    assert.is(at.notifier.watchdogMs, undefined);
    assert.equal(at.troubles, [
      `WATCHDOG_USEC is "${watchdogUsec}", no number of microseconds: the watchdog is told nothing.`,
    ]);
  }
});

notify('does nothing where nobody wants to be told', async () => {
  for (const notifySocket of [undefined, '']) {
    await using at = await scene({ variables: { notifySocket, watchdogUsec: 'x' } });
    at.notifier.ready('a');
    at.notifier.alive();
    at.notifier.stopping('b', 1);
    await at.notifier.close('c');
    assert.equal([at.notifier.isSilent, await at.calls(), at.troubles], [true, [], []]);
  }
});

notify('says once that systemd-notify is missing, and is quiet then', async () => {
  await using at = await scene({ script: null, isAlone: true });
  at.notifier.ready('a');
  await eventually(() => at.troubles.length > 0, 'it says so');
  at.notifier.status('b');
  at.notifier.stopping('c', 1);
  await at.notifier.close('d');
  assert.is(at.troubles.length, 1);
  assert.match(
    at.troubles[0] ?? '',
    /^systemd cannot be told .*"systemd-notify" was not found\..* package systemd\.$/u,
  );
});

notify('tries again later and later what failed, with what is news by then; says it once', async () => {
  const script = `${noting}; test -e "$0.works" || { echo 'Failed: Connection refused' >&2; exit 1; }`;
  await using at = await scene({ script, variables: { watchdogUsec: '120000000' } });
  at.notifier.ready('1');
  await at.called(1);
  for (const pause of [2000, 4000, 8000]) {
    await eventually(() => at.clock.isAwaited(pause), `it waits for ${pause} ms`);
    await at.clock.advance(pause);
  }
  await at.called(4);
  await eventually(() => at.clock.isAwaited(16_000), 'it waits');
  at.notifier.status('2');
  await writeFile(`${(process.env['PATH'] ?? '').split(':')[0]}/systemd-notify.works`, '');
  await at.clock.advance(16_000);
  const all = await at.called(5);
  assert.is(all[4], '/run/notify|READY=1|STATUS=2|');
  await at.notifier.close();
  assert.equal((await at.calls()).length, 5);
  assert.equal(at.troubles, [
    'systemd could not be told how this service is: systemd-notify: exit code 1 Failed: Connection refused. It is tried again.',
  ]);
});

notify('takes no sign of life for told that was not', async () => {
  await using at = await scene({ script: `${noting}; exit 1`, variables: { watchdogUsec: '120000000' } });
  at.notifier.alive();
  await eventually(() => at.troubles.length > 0, 'it failed');
  at.notifier.alive();
  assert.equal(await at.called(2), ['/run/notify|WATCHDOG=1|', '/run/notify|WATCHDOG=1|']);
});

notify('does not wait at the end for a systemd-notify that hangs, and leaves none behind', async () => {
  await using at = await scene({ script: `${noting}; trap '' TERM; echo $$ > "$0.pid"; while :; do sleep 1; done` });
  at.notifier.ready('a');
  await at.called(1);
  const closed = at.notifier.close('b');
  await eventually(() => at.clock.isAwaited(2000), 'it gives it two seconds');
  await at.clock.advance(2000);
  await closed;
  const bin = (process.env['PATH'] ?? '').split(':')[0];
  const pid = Number(await readFile(`${bin}/systemd-notify.pid`, 'utf8'));
  assert.throws(() => process.kill(pid, 0), /ESRCH/u);
});

notify('no other program gets the socket: an engine could speak for us', async () => {
  process.env['NOTIFY_SOCKET'] = '/run/notify';
  process.env['WATCHDOG_USEC'] = '1';
  try {
    const { stdout } = await runChild({ file: 'env', args: [], stdoutLimitBytes: 10_000 });
    assert.match(stdout, 'PATH=');
    assert.not.match(stdout, /NOTIFY_SOCKET|WATCHDOG/u);
  } finally {
    delete process.env['NOTIFY_SOCKET'];
    delete process.env['WATCHDOG_USEC'];
  }
});

notify.run();
