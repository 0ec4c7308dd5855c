import { readFileSync } from 'node:fs';
import path from 'node:path';
import { format, resolveConfig } from 'prettier';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { packageFolder } from '../package-folder.ts';
import { serverSettings } from './server-settings.ts';
import { workerSettings } from './worker-settings.ts';
import { envExample, renewReadme } from './settings-documents.ts';

const documents = suite('settings documents');

const read = (name: string) => readFileSync(path.join(packageFolder, name), 'utf8');

documents('.env.example is what the table says (else: npm run generate)', () => {
  assert.is(read('.env.example'), envExample());
});

documents('the README is what the table says (else: npm run generate)', async () => {
  const options = await resolveConfig(path.join(packageFolder, 'README.md'));
  assert.is(read('README.md'), await format(renewReadme(read('README.md')), { ...options, parser: 'markdown' }));
});

documents('every setting has a sentence of help and a name of the ancestor or of ours', () => {
  const ancestors = new Set(
    (
      'SERVER_URL AUTH_ENABLED USERNAME PASSWORD CRON PROCESSING_HOURS VAD_ENABLED VAD_MODEL NODE_NAME GOTIFY_URL GOTIFY_KEY ' +
      'AUDIO_DIR DB_FILE LOG_DIR HOST PORT'
    ).split(' '),
  );
  for (const { env, help } of [...Object.values(workerSettings), ...Object.values(serverSettings)]) {
    assert.ok(ancestors.has(env) || env.startsWith('STT_'), env);
    assert.match(help, /^[A-Z].*\.$/u, env);
  }
});

documents('refuses a README without its markers', () => {
  assert.throws(() => renewReadme('# stt'), /lost its markers/u);
});

documents.run();
