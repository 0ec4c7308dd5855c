import { mkdir, readFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../../test/support/rejects.ts';
import { installOnSystemd } from './install-on-systemd.ts';
import { tryProgram } from './service-steps.ts';
import { type FakeMachine, fakeMachine } from './testing/fake-machine.ts';
import { uninstallOnSystemd } from './uninstall-on-systemd.ts';

const selinux = suite('SELinux');

const node = '/opt/node+24/bin/node';
const rule = String.raw`/opt/node\+24/bin/node`;
const unlabelled = { stat: 'echo system_u:object_r:usr_t:s0' };
/** They remember the rules, and labels are what restorecon made of them. */
const withTools = {
  stat: 'cd "${0%/*}"; [ -e "label-${3##*/}" ] && echo system_u:object_r:bin_t:s0 || echo system_u:object_r:usr_t:s0',
  semanage: `
    cd "\${0%/*}"
    for rule; do :; done
    has() { [ -e rules ] && /bin/grep -qxF -e "$rule" rules; }
    case "$2" in
      -a) has && exit 1; printf '%s\\n' "$rule" >> rules ;;
      -m) has ;;
      -d) has || exit 1; /bin/grep -vxF -e "$rule" rules > rest; /bin/mv rest rules ;;
    esac`,
  restorecon: `
    cd "\${0%/*}"
    for file; do
      if [ -e rules ] && printf '%s\\n' "$file" | /bin/grep -qxE -f rules; then : > "label-\${file##*/}"
      else /bin/rm -f "label-\${file##*/}"; fi
    done`,
};
const labelOf = async (): Promise<string> => (await tryProgram('stat', ['-c', '%C', node], noSignal))?.stdout ?? '';
const noSignal = new AbortController().signal;

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
  await uninstallOnSystemd(machine.worker());
  assert.equal((await machine.changes()).slice(-2), [`semanage fcontext -d ${rule}`, `restorecon -v ${node}`]);
  assert.match(await labelOf(), 'usr_t');
});

selinux('keeps the label while the other program runs on the same Node.js, and takes it back with that', async () => {
  for (const [first, second] of [
    ['worker', 'server'],
    ['server', 'worker'],
  ] as const) {
    await using machine = await machineWith(withTools);
    await installOnSystemd(machine[first]());
    // It finds the label there, and does not do it again.
    const before = (await machine.changes()).length;
    await installOnSystemd(machine[second]());
    await uninstallOnSystemd(machine[first]());
    assert.not.match((await machine.changes()).slice(before).join('\n'), 'semanage');
    assert.match(await labelOf(), 'bin_t');
    assert.match(machine.said.join('\n'), `The SELinux label of ${node} stays: stt-${second} needs it.`);
    await uninstallOnSystemd(machine[second]());
    assert.match(await labelOf(), 'usr_t');
  }
});

selinux('takes the label back where the other program runs on another Node.js', async () => {
  await using machine = await machineWith(withTools);
  await machine.write('/usr/bin/node', '', 0o755);
  await installOnSystemd(machine.worker());
  const server = machine.server();
  await installOnSystemd(machine.server({ host: { ...server.host, node: '/usr/bin/node' } }));
  await uninstallOnSystemd(machine.worker());
  assert.match(await labelOf(), 'usr_t');
});

selinux("leaves the label to a package's service that is enabled, and says how it is taken back", async () => {
  for (const [enabled, label] of [
    ['enabled', 'bin_t'],
    ['disabled', 'usr_t'],
  ] as const) {
    await using machine = await machineWith(withTools);
    await installOnSystemd(machine.worker());
    await machine.write('/usr/lib/systemd/system/stt-server.service', '[Service]\nExecStart=/usr/bin/stt-server\n');
    await machine.set('enabled', enabled);
    await uninstallOnSystemd(machine.worker());
    assert.match(await labelOf(), label);
    const told = `The SELinux label of ${node} stays: stt-server needs it. Later, by hand: semanage fcontext -d '${rule}'; restorecon -v ${node}`;
    assert.is(machine.said.includes(told), enabled === 'enabled', machine.said.join('\n'));
  }
});

selinux('says that it cannot tell, and does not take it for off', async () => {
  await using machine = await machineWith(unlabelled, '');
  await mkdir(machine.folder.join('root/sys/fs/selinux/enforce'), { recursive: true });
  const { warnings } = await installOnSystemd(machine.worker());
  assert.match(
    warnings.join('\n'),
    /^Whether SELinux is on cannot be told \(EISDIR.*sudo semanage fcontext -a -t bin_t/u,
  );
  await using told = await machineWith({ ...unlabelled, getenforce: 'echo Disabled' }, '');
  assert.equal((await installOnSystemd(told.worker())).warnings, []);
});

selinux('finds the tools of root where PATH is that of a user', async () => {
  await using machine = await machineWith(unlabelled);
  for (const [file, text] of [
    ['/usr/sbin/semanage', 'exit 0'],
    ['/usr/local/sbin/restorecon', `echo "$*" >> '${machine.folder.join('restored')}'`],
  ] as const) {
    await machine.write(file, `#!/bin/sh\n${text}\n`, 0o755);
  }
  await installOnSystemd(machine.worker());
  assert.is(
    await readFile(machine.folder.join('restored'), 'utf8'),
    `-v ${node}\n/etc/systemd/system/stt-worker.service\n`,
  );
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
