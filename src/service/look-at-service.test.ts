import { readFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../../test/support/rejects.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { installOnSystemd } from './install-on-systemd.ts';
import { describeServiceStatus, restartService, serviceStatus, showServiceLogs } from './look-at-service.ts';
import { parseUnitState } from './systemd-manager.ts';
import { fakeMachine } from './testing/fake-machine.ts';

const look = suite('look at a service');

const user = { uid: 1000, userName: 'ann', home: '/home/ann', configHome: '/home/ann/.config' };

look('reads what systemctl shows', () => {
  const state = parseUnitState(
    'LoadState=loaded\nActiveState=failed\nSubState=failed\nUnitFileState=enabled\nResult=exit-code\nStatusText=a=b\u001b[31m\nMainPID=0\nNRestarts=5\nExecMainStatus=78\nFragmentPath=/etc/x.service\nDropInPaths=/a.conf /b.conf\nNeedDaemonReload=yes\n',
  );
  assert.equal([state.active, state.result, state.statusText], ['failed', 'exit-code', 'a=b [31m']);
  assert.equal([state.pid, state.restarts, state.exitStatus], [undefined, 5, 78]);
  assert.equal([state.path, state.dropIns, state.needsReload], ['/etc/x.service', ['/a.conf', '/b.conf'], true]);
});

look('tells how it is, to people and to programs', async () => {
  await using machine = await fakeMachine();
  await rejects(serviceStatus(machine.worker()), /^No service stt-worker is installed\.$/u);
  await installOnSystemd(machine.worker({ isStarted: true }));
  const status = await serviceStatus(machine.worker());
  assert.equal([status.isActive, status.startsByItself, status.pid, status.restarts], [true, true, 42, 3]);
  assert.equal(describeServiceStatus(status, 'stt').slice(0, 4), [
    'stt-worker.service is active (running), pid 42',
    '  Says       [no server] there is none',
    '  Restarts   3 since it was last started by hand',
    '  By itself  yes, it is enabled',
  ]);
  await machine.set('active', 'failed');
  const failed = describeServiceStatus(await serviceStatus(machine.worker()), 'stt');
  assert.match(failed[0] ?? '', /is failed \(exit-code\)/u);
  assert.match(failed.at(-1) ?? '', /Why +stt service logs$/u);
});

look("a user's own comes before that of the machine, which is for root to restart", async () => {
  const systemctl = `case "$*" in
    *--user*) echo LoadState=not-found ;;
    *) echo LoadState=loaded; echo ActiveState=active ;;
  esac`;
  await using machine = await fakeMachine({ host: user, scripts: { systemctl } });
  assert.is((await serviceStatus(machine.worker())).scope, 'system');
  const error = await rejects(restartService(machine.worker()), /of the machine: root restarts it/u);
  assert.equal(
    [error['exitCode'], error['hint']],
    [77, 'sudo /usr/bin/node /usr/lib/node_modules/stt/bin/stt.js service restart --system'],
  );
  const missing = await rejects(serviceStatus(machine.worker({ scope: 'user' })), /No service stt-worker of ann/u);
  assert.match(String(missing['hint']), /install-service --user --now$/u);
});

look('restarts and waits; says why where it does not come back', async () => {
  await using machine = await fakeMachine();
  await installOnSystemd(machine.worker({ isStarted: true }));
  await restartService(machine.worker());
  assert.equal((await machine.changes()).slice(-2), [
    'systemctl reset-failed stt-worker.service',
    'systemctl restart stt-worker.service',
  ]);
  await machine.set('fails', 'yes');
  await rejects(restartService(machine.worker()), /stt-worker did not start[^]*so it ends$/u);
});

look('has the journal show itself', async () => {
  await using told = await temporaryFolder();
  const journalctl = `printf '%s|' "$@" > '${told.join('flags')}'`;
  await using machine = await fakeMachine({ scripts: { journalctl } });
  await installOnSystemd(machine.worker());
  await showServiceLogs({ ...machine.worker(), isFollowed: true, lines: 7, since: '1 hour ago' });
  const flags = '--unit=stt-worker.service|--no-pager|--lines=7|--since=1 hour ago|--follow|';
  assert.is(await readFile(told.join('flags'), 'utf8'), flags);
  await using failing = await fakeMachine({ scripts: { journalctl: 'exit 3' } });
  await installOnSystemd(failing.worker());
  const logs = showServiceLogs({ ...failing.worker(), isFollowed: false, lines: 7, since: undefined });
  const error = await rejects(logs, /^journalctl --unit=stt-worker\.service --no-pager --lines=7 failed\.$/u);
  assert.is(error['exitCode'], 69);
});

look.run();
