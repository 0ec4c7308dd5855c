import { chmod, mkdir, symlink } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AppError } from '../app-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { installOnSystemd } from './install-on-systemd.ts';
import { fakeMachine } from './testing/fake-machine.ts';
import { refused } from './testing/refused.ts';

const install = suite('what keeps install-service from it');

const unitFile = '/etc/systemd/system/stt-worker.service';
const user = { uid: 1000, userName: 'ann', home: '/home/ann', configHome: '/home/ann/.config' };

install('refuses libraries that no service can see, and users that there are not', async () => {
  await using machine = await fakeMachine({
    scripts: { id: 'case "$*" in *nobody-here) exit 1 ;; *-gn*) echo root ;; *) echo 0 ;; esac' },
  });
  for (const library of ['/root/audio', '/tmp/audio', '/']) {
    await refused(
      installOnSystemd(machine.server({ library })),
      /cannot be that of a service/u,
      'STT_SERVICE_LIBRARY',
      exitCodes.config,
    );
  }
  await mkdir(machine.folder.join('root/root/audio'), { recursive: true });
  await symlink('root/audio', machine.folder.join('root/audio'));
  await refused(
    installOnSystemd(machine.server({ library: '/audio' })),
    /below \/root/u,
    'STT_SERVICE_LIBRARY',
    exitCodes.config,
  );
  await refused(
    installOnSystemd(machine.server({ runAs: 'nobody-here' })),
    /no user "nobody-here"/u,
    'STT_SERVICE_USER',
    exitCodes.config,
  );
  await refused(
    installOnSystemd(machine.server({ runAs: 'root' })),
    /does not run as root/u,
    'STT_SERVICE_USER',
    exitCodes.config,
  );
  assert.equal(await machine.changes(), []);
});

install('needs an engine and a model in the folder of the machine, unless it is forced', async () => {
  await using machine = await fakeMachine();
  const findEngine = () =>
    Promise.reject(new AppError('The model medium is not there.', { code: 'STT_MODEL_MISSING', exitCode: 78 }));
  const error = await refused(
    installOnSystemd(machine.worker({ findEngine })),
    /The model medium is not there/u,
    'STT_SERVICE_ENGINE',
    exitCodes.config,
  );
  assert.match(error.hint ?? '', /sudo \/usr\/bin\/node \/usr\/lib\/node_modules\/stt\/bin\/stt\.js setup$/u);
  assert.equal(await machine.changes(), []);
  await installOnSystemd(machine.worker({ findEngine, isForced: true }));
  assert.match(machine.said.join('\n'), /Goes on, as --force says: The model medium/u);
});

install('refuses a program that the service could not reach; one below /home is shown to it', async () => {
  await using machine = await fakeMachine();
  const at = (folder: string) => ({ ...machine.host, script: `${folder}/bin/stt.js` });
  for (const folder of ['/root/stt', '/tmp/stt', '/home/ann/stt', '/opt/stt'])
    await machine.write(`${folder}/bin/stt.js`, '');
  await chmod(machine.folder.join('root/opt/stt/bin'), 0o750);
  for (const [folder, why] of [
    ['/root/stt', /services see nothing below \/root/u],
    ['/tmp/stt', /services see nothing below \/tmp/u],
    ['/opt/stt', /\/opt\/stt\/bin is closed to stt-worker/u],
    ['/opt/nothing', /it is not there/u],
  ] as const) {
    const error = await refused(
      installOnSystemd(machine.worker({ host: at(folder) })),
      why,
      'STT_SERVICE_READ',
      exitCodes.config,
    );
    assert.match(error.hint ?? '', /npm install --global.*install-service --user/u);
  }
  await installOnSystemd(machine.worker({ host: at('/home/ann/stt') }));
  assert.match(await machine.read(unitFile), '\nProtectHome=read-only\n');
  await machine.write('/var/lib/stt/models/ggml-a.bin', '', 0o600);
  const findEngine = () => Promise.resolve({ backend: undefined, files: ['/var/lib/stt/models/ggml-a.bin'] });
  const error = await refused(
    installOnSystemd(machine.worker({ findEngine })),
    /closed/u,
    'STT_SERVICE_READ',
    exitCodes.config,
  );
  assert.match(error.hint ?? '', /sudo chmod -R o\+rX \/var\/lib\/stt\/engines/u);
});

install('tells who is not root the whole command, and how to do without', async () => {
  await using machine = await fakeMachine({ host: user });
  const error = await refused(
    installOnSystemd(machine.worker({ scope: 'system', argv: ['--system', '--now'] })),
    /for root to change/u,
    'STT_NOT_ROOT',
    exitCodes.noPermission,
  );
  assert.is(
    error.hint,
    'sudo /usr/bin/node /usr/lib/node_modules/stt/bin/stt.js install-service --system --now\n  Without root: stt install-service --user',
  );
});

install('says that there is no systemd, no manager of the user, or that it is masked', async () => {
  await using none = await fakeMachine({ hasSystemd: false });
  const told = await refused(
    installOnSystemd(none.worker()),
    /systemd does not run here/u,
    'STT_NO_SYSTEMD',
    exitCodes.unavailable,
  );
  assert.match(told.hint ?? '', /container/u);
  await using away = await fakeMachine({ host: user, scripts: { systemctl: 'exit 1' } });
  const error = await refused(
    installOnSystemd(away.worker()),
    /The systemd of ann does not answer/u,
    'STT_NO_USER_MANAGER',
    exitCodes.unavailable,
  );
  assert.match(error.hint ?? '', /sudo loginctl enable-linger ann/u);
  await using masked = await fakeMachine();
  await mkdir(masked.folder.join('root/etc/systemd/system'), { recursive: true });
  await symlink('/dev/null', masked.folder.join('root', unitFile));
  await refused(installOnSystemd(masked.worker()), /is masked/u, 'STT_SERVICE_MASKED', exitCodes.config);
  await using root = await fakeMachine();
  await refused(installOnSystemd(root.worker({ scope: 'user' })), /root's services/u, 'STT_USAGE', exitCodes.usage);
  for (const machine of [none, away, masked, root]) assert.equal(await machine.changes(), []);
});

install('shows the end of the journal where it does not start', async () => {
  await using machine = await fakeMachine();
  await machine.set('fails', 'yes');
  const error = await refused(
    installOnSystemd(machine.worker({ isStarted: true })),
    /stt-worker did not start \(systemctl start stt-worker\.service: Job for it failed\.\)/u,
    'STT_SERVICE_FAILED',
    exitCodes.unavailable,
  );
  assert.match(
    error.message,
    /It says: \[no server\] there is none\n {2}The last lines of its journal:\n {4}the engine is missing\n {4}so it ends$/u,
  );
});

install('makes the user by useradd where systemd cannot, and names what failed', async () => {
  await using machine = await fakeMachine({
    scripts: { 'systemd-sysusers': '', useradd: 'echo "no room for users" >&2; exit 1' },
  });
  const error = await refused(
    installOnSystemd(machine.worker()),
    /^useradd --system .* --home-dir \/var\/lib\/stt\/worker .* stt-worker failed: no room for users$/u,
    'STT_SERVICE_COMMAND',
    exitCodes.unavailable,
  );
  assert.match(error.hint ?? '', /same command again/u);
});

install.run();
