import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fakePrograms } from '../../../test/support/fake-programs.ts';
import { rejects } from '../../../test/support/rejects.ts';
import { type TemporaryFolder, temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { dataPaths } from '../../config/data-paths.ts';
import type { Checked } from '../finding.ts';
import { checkEngine, type EngineSeen } from './check-engine.ts';

const run = suite('check engine');

function look(folder: TemporaryFolder, whisperCli?: string): Promise<Checked<EngineSeen>> {
  return checkEngine({
    settings: { whisperCli, model: 'any', vadEnabled: undefined, vadModel: undefined },
    paths: dataPaths(folder.path),
    shortPath: (file) => path.basename(file),
    signal: new AbortController().signal,
  });
}

const record = {
  key: 'a'.repeat(64),
  backend: 'vulkan',
  source: { kind: 'release', version: '1.9.5', digest: 'sha256:00', origin: 'release v1.9.5' },
  definitions: {},
  targets: ['whisper-cli'],
  builtAt: '2026-11-22T10:00:00.000Z',
  run: { arguments: ['-nfa'], environment: {}, reasons: [] },
};
const proof = {
  at: '2026-11-22T10:05:00.000Z',
  model: { name: 'medium', sha256: 'b'.repeat(64) },
  device: 'Vulkan0',
  speed: 7.25,
  devices: ['AMD Radeon RX 6800'],
};

/** As whisper-cli says it, on standard error. */
const help = `printf '  -ovtt,     --output-vtt\\n  -m FNAME,  --model FNAME\\n' >&2`;

/** An engine in use, as set-up leaves it. */
async function place(folder: TemporaryFolder, script: string, engineJson?: object): Promise<void> {
  const engine = folder.join('engines', 'vulkan-1.9.5-aaaaaaaa');
  await mkdir(path.join(engine, 'build', 'bin'), { recursive: true });
  await mkdir(folder.join('whisper'));
  await writeFile(path.join(engine, 'build', 'bin', 'whisper-cli'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  if (engineJson !== undefined) await writeFile(path.join(engine, 'engine.json'), JSON.stringify(engineJson));
  await symlink(engine, folder.join('whisper', 'whisper.cpp'));
}

run('says what set-up wrote about it', async () => {
  await using folder = await temporaryFolder();
  await place(folder, help, { ...record, proof, variant: { name: 'plain', seconds: {} } });
  const checked = await look(folder);
  assert.is(checked.status, 'ok', checked.found);
  assert.is(
    checked.found,
    'whisper.cpp 1.9.5 for vulkan (plain) starts, with -nfa; proven on Vulkan0 with medium on 2026-11-22, 7.3 x real time',
  );
  assert.is('value' in checked ? checked.value.file?.backend : undefined, 'vulkan');
});

run('warns of one that was never proven, and one of unknown origin', async () => {
  await using unproven = await temporaryFolder();
  await place(unproven, help, record);
  assert.match((await look(unproven)).found, 'never proven here');
  await using damaged = await temporaryFolder();
  await place(damaged, help);
  await writeFile(path.join(damaged.path, 'whisper', 'whisper.cpp', 'engine.json'), '{"backend":');
  const checked = await look(damaged);
  assert.is(checked.status, 'warn');
  assert.match(checked.found, 'no engine.json says what it is');
});

run('fails where there is none, or it may not be executed', async () => {
  await using folder = await temporaryFolder();
  const error = await rejects(look(folder), /The engine .* is not there/u);
  assert.is(error['exitCode'], 78);
  await place(folder, help, record);
  await chmod(dataPaths(folder.path).whisperCli, 0o644);
  await rejects(look(folder), /may not be executed/u);
});

run('fails where it does not start, in its own words', async () => {
  await using folder = await temporaryFolder();
  await place(folder, 'echo "error while loading shared libraries: libvulkan.so.1" >&2; exit 127', {
    ...record,
    proof,
  });
  const checked = await look(folder);
  assert.is(checked.status, 'fail');
  assert.match(checked.found, /whisper-cli does not start: exit code 127 \(.*libvulkan\.so\.1\)$/u);
  assert.is('exitCode' in checked ? checked.exitCode : 0, 78);
});

run("takes one of the user's own, by path or by name", async () => {
  await using folder = await temporaryFolder();
  const own = folder.join('my-whisper');
  await writeFile(own, `#!/bin/sh\n${help}\n`, { mode: 0o755 });
  assert.is((await look(folder, own)).found, 'my-whisper starts; set-up did not make it');
  {
    await using _ = await fakePrograms({ 'whisper-cli': help });
    assert.is((await look(folder, 'whisper-cli')).status, 'ok');
  }
  // What set-up wrote beside it, without a proof: set-up would not prove it where it is named.
  await using unproven = await temporaryFolder();
  await place(unproven, help, record);
  const named = await look(folder, dataPaths(unproven.path).whisperCli);
  assert.is(named.status, 'ok', named.found);
  assert.match(named.found, /^whisper-cli for vulkan starts, with -nfa$/u);
  const missing = await look(folder, 'no-such-whisper');
  assert.is(missing.status, 'fail');
  assert.match(missing.found, /"no-such-whisper" was not found/u);
});

run('fails for a program that is no whisper-cli, also one that ends well', async () => {
  await using folder = await temporaryFolder();
  const script = folder.join('script');
  await writeFile(script, '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  for (const program of ['/bin/ls', script]) {
    const checked = await look(folder, program);
    assert.is(checked.status, 'fail', checked.found);
    if (checked.status !== 'fail') continue;
    assert.match(checked.found, 'is no whisper-cli');
    assert.match(checked.fix ?? '', 'unset it and run "stt setup"');
    assert.equal([checked.code, checked.exitCode], ['STT_ENGINE_BROKEN', 78]);
  }
  await place(folder, 'exit 0', { ...record, proof });
  const own = await look(folder);
  assert.match('fix' in own ? (own.fix ?? '') : '', 'stt setup --force');
});

run.run();
