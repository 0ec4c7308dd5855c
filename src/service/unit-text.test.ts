import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { changeUnit, keepKeys, unitValues } from './unit-text.ts';

const unit = suite('unit text');

const text = `# On top.
[Unit]
Description=A thing

[Service]
Type=notify
# Where it lies.
ExecStart=/usr/bin/thing \\
  --flag
Environment=A=1
Environment=B=2

# It writes nowhere.
ProtectSystem=strict
ProtectHome=yes

[Install]
WantedBy=multi-user.target
`;

unit('changes keys where they stand, and leaves everything else', () => {
  const changed = changeUnit(text, {
    Service: { ExecStart: '/opt/thing', Environment: ['C=3'], ProtectHome: 'read-only' },
  });
  const expected = text
    .replace('ExecStart=/usr/bin/thing \\\n  --flag', 'ExecStart=/opt/thing')
    .replace('Environment=A=1\nEnvironment=B=2', 'Environment=C=3')
    .replace('ProtectHome=yes', 'ProtectHome=read-only');
  assert.is(changed, expected);
  assert.is(changeUnit(text, {}), text);
});

unit('adds keys to what a section begins with, and sections at the end', () => {
  const changed = changeUnit(text, { Unit: { After: 'a.service' }, Service: { Nice: '5' }, Timer: { OnBootSec: '1' } });
  assert.match(changed, 'Description=A thing\nAfter=a.service\n\n[Service]');
  assert.match(changed, 'Environment=B=2\nNice=5\n\n# It writes');
  assert.ok(changed.endsWith('WantedBy=multi-user.target\n\n[Timer]\nOnBootSec=1\n'));
});

unit('takes keys out with the comments that spoke of nothing else', () => {
  const changed = changeUnit(text, { Service: { ProtectSystem: undefined, ProtectHome: undefined } });
  assert.not.match(changed, 'It writes nowhere');
  assert.match(changed, 'Environment=B=2\n\n[Install]');
  assert.match(
    changeUnit(text, { Service: { ProtectHome: undefined } }),
    '# It writes nowhere.\nProtectSystem=strict\n\n[Install]',
  );
  const kept = keepKeys(text, (key) => key === 'ExecStart' || key === 'WantedBy');
  assert.is(
    kept,
    '# On top.\n[Unit]\n\n[Service]\n# Where it lies.\nExecStart=/usr/bin/thing \\\n  --flag\n\n[Install]\nWantedBy=multi-user.target\n',
  );
});

unit('reads values of one section', () => {
  assert.equal(unitValues(text, 'Service', 'Environment'), ['A=1', 'B=2']);
  assert.equal(unitValues(text, 'Unit', 'Environment'), []);
});

unit.run();
