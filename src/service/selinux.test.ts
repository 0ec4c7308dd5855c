import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../../test/support/rejects.ts';
import { installOnSystemd } from './install-on-systemd.ts';
import { type FakeMachine, fakeMachine } from './testing/fake-machine.ts';
import { uninstallOnSystemd } from './uninstall-on-systemd.ts';

const selinux = suite('SELinux');

const node = '/opt/node+24/bin/node';
const rule = String.raw`/opt/node\+24/bin/node`;
const unlabelled = { stat: 'echo system_u:object_r:usr_t:s0' };
const withTools = { ...unlabelled, semanage: 'exit 0', restorecon: 'exit 0' };

const machineWith = async (scripts: Record<string, string>, enforce = '1'): Promise<FakeMachine> => {
  const machine = await fakeMachine({ host: { node }, scripts });
  if (enforce !== '') await machine.write('/sys/fs/selinux/enforce', enforce);
  return machine;
};

selinux('labels a Node.js that lies outside of /usr, and takes that back', async () => {
  await using machine = await machineWith(withTools);
  await installOnSystemd(machine.worker());
  const calls = await machine.changes();
  const from = calls.findIndex((call) => call.startsWith('semanage'));
  assert.equal(calls.slice(from, from + 4), [
    `semanage fcontext -a -t bin_t ${rule}`,
    `semanage fcontext -m -t bin_t ${rule}`,
    `restorecon -v ${node}`,
    'restorecon /etc/systemd/system/stt-worker.service',
  ]);
  // The server runs on the same one.
  await installOnSystemd(machine.server());
  const before = (await machine.changes()).length;
  await uninstallOnSystemd(machine.worker());
  assert.not.match((await machine.changes()).slice(before).join('\n'), 'semanage');
  await uninstallOnSystemd(machine.server());
  assert.equal((await machine.changes()).slice(-2), [`semanage fcontext -d ${rule}`, `restorecon -v ${node}`]);
});

selinux('labels with chcon where there is no semanage', async () => {
  await using machine = await machineWith({ ...unlabelled, chcon: 'exit 0' });
  await installOnSystemd(machine.worker());
  assert.ok((await machine.changes()).includes(`chcon -t bin_t ${node}`));
});

selinux('names package and commands where there are no tools, and changes nothing', async () => {
  await using machine = await machineWith(unlabelled, '0');
  const error = await rejects(installOnSystemd(machine.worker()), /SELinux is permissive, and systemd may not start/u);
  assert.equal([error['code'], error['exitCode']], ['STT_SELINUX', 69]);
  assert.match(
    String(error['hint']),
    /sudo semanage fcontext -a -t bin_t '\/opt\/node\\\+24\/bin\/node' && sudo restorecon/u,
  );
  assert.match(String(error['hint']), /policycoreutils-python-utils/u);
  assert.equal(await machine.changes(), []);
});

selinux('leaves alone what is labelled, what lies below /usr, and machines without it', async () => {
  const calls = async (made: Promise<FakeMachine>): Promise<string> => {
    await using machine = await made;
    await installOnSystemd(machine.worker());
    return (await machine.changes()).join('\n');
  };
  const labelled = await calls(machineWith({ ...withTools, stat: 'echo system_u:object_r:bin_t:s0' }));
  const usual = await calls(fakeMachine({ scripts: { ...withTools, getenforce: 'echo Enforcing' } }));
  const off = await calls(machineWith({ ...withTools, getenforce: 'echo Disabled' }, ''));
  for (const all of [labelled, usual, off]) assert.not.match(all, 'semanage');
  assert.match(usual, 'restorecon /etc/systemd/system/stt-worker.service');
  assert.not.match(off, 'restorecon');
});

selinux.run();
