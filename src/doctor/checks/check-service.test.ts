import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fakePrograms } from '../../../test/support/fake-programs.ts';
import { checkService, judgeUnits, parseUnit } from './check-service.ts';

const run = suite('check service');

const never = new AbortController().signal;

const shown = (load: string, active: string, sub: string, file: string, result = 'success'): string =>
  `LoadState=${load}\nActiveState=${active}\nSubState=${sub}\nUnitFileState=${file}\nResult=${result}\n`;
const unit = (...of: Parameters<typeof shown>) => parseUnit('system', shown(...of));
const fixOf = (checked: ReturnType<typeof judgeUnits>): string => ('fix' in checked ? (checked.fix ?? '') : '');

run('is skipped where systemd is not there, or does not run', async () => {
  {
    await using _ = await fakePrograms({}, true);
    assert.is((await checkService(never)).status, 'skipped');
  }
  await using _ = await fakePrograms({ systemctl: 'echo "System has not been booted with systemd" >&2; exit 1' });
  assert.is((await checkService(never)).status, 'skipped');
});

run('asks for the machine and for this user, and changes nothing', async () => {
  const script = `case "$1" in --user) printf '${shown('loaded', 'active', 'running', 'enabled')}';; *) printf '${shown('not-found', 'inactive', 'dead', '')}';; esac`;
  await using systemd = await fakePrograms({ systemctl: script });
  const checked = await checkService(never);
  assert.is(checked.status, 'ok', checked.found);
  assert.is(checked.found, 'stt-worker (user) is active (running), enabled');
  const calls = (await systemd.calls()).filter((call) => call.startsWith('systemctl'));
  assert.is(calls.length, 2);
  assert.ok(calls.every((call) => /^systemctl (?:--user )?show stt-worker --property=/u.test(call)));
});

run('says what is wrong with a unit, and what to do', () => {
  assert.match(judgeUnits([unit('not-found', 'inactive', 'dead', '')]).found, 'started by hand');
  assert.is(judgeUnits([unit('loaded', 'active', 'running', 'enabled')]).status, 'ok');
  const off = judgeUnits([unit('loaded', 'inactive', 'dead', 'disabled')]);
  assert.is(off.status, 'warn');
  assert.is(fixOf(off), 'sudo systemctl enable --now stt-worker');
  assert.match(judgeUnits([unit('loaded', 'active', 'running', 'disabled')]).found, 'will not start with the machine');
  assert.match(fixOf(judgeUnits([unit('masked', 'inactive', 'dead', 'masked')])), 'unmask');
  const failing = [
    unit('loaded', 'failed', 'failed', 'enabled', 'exit-code'),
    unit('loaded', 'activating', 'auto-restart', 'enabled', 'exit-code'),
    unit('bad-setting', 'inactive', 'dead', ''),
  ];
  for (const one of failing) {
    const checked = judgeUnits([one]);
    assert.is(checked.status, 'fail', checked.found);
    assert.is('exitCode' in checked ? checked.exitCode : 0, 69);
  }
  const user = parseUnit('user', shown('loaded', 'failed', 'failed', 'enabled', 'exit-code'));
  assert.match(fixOf(judgeUnits([user])), 'stt service logs --user -n 50; then stt service restart --user');
});

run('is well where one of two works, unless the other has failed', () => {
  const user = parseUnit('user', shown('loaded', 'active', 'running', 'enabled'));
  assert.is(judgeUnits([unit('loaded', 'inactive', 'dead', 'disabled'), user]).status, 'ok');
  assert.is(judgeUnits([unit('loaded', 'failed', 'failed', 'enabled'), user]).status, 'fail');
});

run.run();
