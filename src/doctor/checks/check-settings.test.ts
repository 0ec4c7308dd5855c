import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { dataPaths } from '../../config/data-paths.ts';
import { parseSettings } from '../../config/parse-settings.ts';
import { workerSettings } from '../../config/worker-settings.ts';
import { checkSettings } from './check-settings.ts';

const run = suite('check settings');

const look = { processors: 4, shortPath: (file: string) => file.replace('/home/me', '~') };
const configured = (env: Record<string, string>, more: { files?: string[]; warnings?: string[] } = {}) => ({
  settings: parseSettings(workerSettings, env),
  paths: dataPaths('/data'),
  files: [],
  warnings: [],
  ...more,
});

run('says where settings come from', () => {
  assert.is(checkSettings(configured({}), look).found, 'right; there is no settings file');
  const checked = checkSettings(configured({}, { files: ['/home/me/.env', '/etc/stt/worker.env'] }), look);
  assert.is(checked.found, 'right; read from ~/.env, then /etc/stt/worker.env');
  assert.is(checked.status, 'ok');
});

run('warns of what is odd, and of more threads than processors', () => {
  const checked = checkSettings(configured({ STT_THREADS: '5' }, { warnings: ['Others may read it.'] }), look);
  assert.is(checked.status, 'warn');
  assert.match(checked.found, /^Others may read it\.\nSTT_THREADS is 5, but there are 4 processors/u);
  assert.is(checkSettings(configured({ STT_THREADS: '4' }), look).status, 'ok');
});

run.run();
