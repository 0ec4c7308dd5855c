import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { packageFolder } from '../package-folder.ts';
import {
  renderGpuDropIn,
  renderLibrary,
  renderRunAs,
  renderSystemUnit,
  renderUserUnit,
  unitEnvironment,
  userTemplate,
} from './render-unit.ts';

const render = suite('render units');

const template = (name: string): Promise<string> => readFile(path.join(packageFolder, 'systemd', name), 'utf8');
const program = { node: '/opt/my node/bin/node', script: '/opt/100%/stt.js' };
const started = 'ExecStart="/opt/my node/bin/node" /opt/100%%/stt.js';

render('the unit of the machine is the template with this program', async () => {
  for (const [name, from, to] of [
    ['stt-worker.service', 'ExecStart=/usr/bin/stt run', `${started} run`],
    ['stt-server.service', 'ExecStart=/usr/bin/stt-server', started],
  ] as const) {
    const text = await template(name);
    assert.match(text, from);
    assert.is(renderSystemUnit(text, program, false), text.replace(from, to));
    const inHome = renderSystemUnit(text, program, true);
    assert.match(inHome, /^ProtectHome=read-only$/mu);
    assert.is(inHome.match(/^ProtectHome=/gmu)?.length, 1);
  }
});

render("a user's unit says where settings and data are", async () => {
  const unit = renderUserUnit(await template('user/stt-worker.service'), program, {
    STT_ENV_FILE: '/home/ann/my config/worker.env',
    STT_DATA_DIR: '/home/ann/data',
  });
  assert.match(
    unit,
    `${started} run\nEnvironment="STT_ENV_FILE=/home/ann/my config/worker.env"\nEnvironment=STT_DATA_DIR=/home/ann/data\n`,
  );
  assert.match(unit, /^WantedBy=default\.target$/mu);
});

render('reads back what a unit tells its service', async () => {
  const told = { PATH: '/home/ann/my bin:/usr/bin', LD_LIBRARY_PATH: '/opt/100%/lib', A: 'b=c', B: '' };
  assert.equal(unitEnvironment(renderUserUnit(await template('user/stt-worker.service'), program, told)), told);
  assert.equal(unitEnvironment('[Service]\nEnvironment=A=1 B=2\nEnvironment=\nEnvironment="C=3" A=4\n'), {
    C: '3',
    A: '4',
  });
  assert.equal(unitEnvironment(''), {});
});

render("the server's unit for a user is that of the machine without what is root's", async () => {
  const text = userTemplate(await template('stt-server.service'));
  const keys = [...text.matchAll(/^(\w+)=/gmu)].map(([, key = '']) => key);
  for (const key of [
    'Type',
    'NotifyAccess',
    'WatchdogSec',
    'Restart',
    'RestartPreventExitStatus',
    'TimeoutStopSec',
    'NoNewPrivileges',
    'SyslogIdentifier',
  ]) {
    assert.ok(keys.includes(key), key);
  }
  const roots =
    /^(?:User|Group|Wants|After|Environment|LoadCredential|.*Directory.*|Assert.*|Private.*|Protect.*|ReadWritePaths|Device.*|.*Capabilit.*|ProcSubset)$/u;
  assert.equal(
    keys.filter((key) => roots.test(key)),
    [],
  );
  assert.match(text, /^WantedBy=default\.target$/mu);
  // No comment is left over that speaks of what is gone.
  assert.not.match(text, 'ReadWritePaths');
});

render('a GPU brings its devices, its groups, and the module of nvidia-uvm before the start', async () => {
  const text = await template('gpu.conf');
  const cuda = renderGpuDropIn(text, ['video', 'render'], '/usr/bin/nvidia-modprobe');
  assert.match(cuda, /^DeviceAllow=char-nvidia/mu);
  assert.match(cuda, /^SupplementaryGroups=video render$/mu);
  assert.match(cuda, /^ExecStartPre=\+-\/usr\/bin\/nvidia-modprobe -c=0 -u$/mu);
  assert.ok(cuda.endsWith('\n\n[Unit]\nWants=modprobe@nvidia_uvm.service\nAfter=modprobe@nvidia_uvm.service\n'), cuda);
  const other = renderGpuDropIn(text, [], undefined);
  assert.is(other, text);
});

render('a library is waited for, and may be written, wherever it lies', () => {
  const place = { folder: '/data/my audio', realFolder: '/data/my audio', written: ['/big/log'] };
  assert.is(
    renderLibrary(place, false),
    '[Unit]\nRequiresMountsFor="/data/my audio" /big/log\n\n[Service]\nReadWritePaths="-/data/my audio" -/big/log\n',
  );
  const home = { folder: '/home/ann/audio', realFolder: '/home/ann/audio', written: [] };
  assert.is(
    renderLibrary(home, false),
    '[Unit]\nRequiresMountsFor=/home/ann/audio\n\n[Service]\nProtectHome=tmpfs\nBindPaths=-/home/ann/audio\n',
  );
  assert.match(renderLibrary(home, true), '[Service]\nReadWritePaths=-/home/ann/audio\n');
  const quoted = { folder: "/home/ann/Ann's", realFolder: "/home/ann/Ann's", written: [] };
  assert.match(renderLibrary(quoted, false), `[Service]\nReadWritePaths="-/home/ann/Ann's"\nProtectHome=read-only\n`);
  const beside = { ...home, written: ['/home/ann/log', '/data/db'] };
  assert.is(
    renderLibrary(beside, false),
    [
      '[Unit]\nRequiresMountsFor=/home/ann/audio /home/ann/log /data/db\n',
      '[Service]\nReadWritePaths=-/data/db\nProtectHome=tmpfs\nBindPaths=-/home/ann/audio -/home/ann/log\n',
    ].join('\n'),
  );
  const databaseAtHome = { folder: '/srv/audio', realFolder: '/srv/audio', written: ['/home/ann/db'] };
  assert.match(renderLibrary(databaseAtHome, false), 'ProtectHome=tmpfs\nBindPaths=-/home/ann/db\n');
  const linked = { folder: '/audio', realFolder: '/srv/audio', written: [] };
  assert.match(renderLibrary(linked, false), 'RequiresMountsFor=/srv/audio /audio\n');
});

render('runs as another user, who may read the settings of the server', () => {
  assert.is(renderRunAs({ user: 'ann', group: 'staff' }, undefined), '[Service]\nUser=ann\nGroup=staff\n');
  assert.match(
    renderRunAs({ user: 'ann', group: 'staff' }, 'stt-server'),
    'Group=staff\nSupplementaryGroups=stt-server\n',
  );
});

render.run();
