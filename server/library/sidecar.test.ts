import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runChild } from '../../src/run-child.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { parseSidecar, readSidecar } from './sidecar.ts';

const run = suite('sidecar');

run('finds the language where the ancestor writes it, and where it once wrote it', () => {
  const german = { kind: 'language', language: 'de' };
  assert.equal(parseSidecar('{"sql_params":{"language":"de","id":7},"more":[]}'), german);
  assert.equal(parseSidecar('{"language":"DE"}'), german);
  assert.equal(parseSidecar('{"sql_params":{"language":"de-AT"},"language":"fr"}'), german);
  assert.equal(parseSidecar('{"sql_params":{"language":"auto"}}'), { kind: 'language', language: 'auto' });
});

run('is silent where no language is stated', () => {
  for (const text of ['{}', '{"sql_params":null}', '{"sql_params":{"language":null}}', '{"language":" "}']) {
    assert.equal(parseSidecar(text), { kind: 'silent' }, text);
  }
});

run('is bad where it is no JSON, no object, or names no language', () => {
  for (const text of [
    '',
    '{',
    'null',
    '[]',
    '"de"',
    '{"language":7}',
    '{"sql_params":"de"}',
    '{"language":"klingon"}',
  ]) {
    assert.is(parseSidecar(text).kind, 'bad', text);
  }
});

run('reads regular files only, and small ones', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.join('good.json'), '\uFEFF{"language":"fr"}');
  assert.equal(readSidecar(folder.join('good.json')), { kind: 'language', language: 'fr' });
  assert.equal(readSidecar(folder.join('missing.json')), { kind: 'silent' });

  await symlink(folder.join('good.json'), folder.join('link.json'));
  await mkdir(folder.join('folder.json'));
  await runChild({ file: 'mkfifo', args: [folder.join('pipe.json')] });
  await writeFile(folder.join('huge.json'), `{"language":"fr","x":"${'x'.repeat(1024 * 1024)}"}`);
  const reasons: string[] = [];
  for (const name of ['link', 'folder', 'pipe', 'huge']) {
    const sidecar = readSidecar(folder.join(`${name}.json`));
    reasons.push(sidecar.kind === 'bad' ? sidecar.reason : sidecar.kind);
  }
  assert.equal(reasons, [
    'it is a symbolic link',
    'it is not a regular file',
    'it is not a regular file',
    'it is larger than 1 MiB',
  ]);
});

run.run();
