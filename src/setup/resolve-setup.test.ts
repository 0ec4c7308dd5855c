import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../../test/support/rejects.ts';
import { type TemporaryFolder, temporaryFolder } from '../../test/support/temporary-folder.ts';
import { tinySetupRequest } from '../../test/support/tiny-whisper.ts';
import { machineWith, nvidiaCard } from './build/testing/machines.ts';
import { releaseSource } from './engines/engine-record.ts';
import { placeScriptEngine, someProof } from './engines/testing/script-engine.ts';
import { resolveSetup } from './resolve-setup.ts';
import type { SetupWishes } from './setup-request.ts';

const run = suite('resolveSetup');

/** Asked for nothing in particular. */
async function openWishes(folder: TemporaryFolder, more: Partial<SetupWishes> = {}): Promise<SetupWishes> {
  const request = await tinySetupRequest(folder);
  return { ...request, backend: undefined, source: undefined, machine: machineWith(), ...more };
}

/** With a driver that answers. */
const card = (computeCapability: string) => ({ ...nvidiaCard(computeCapability), driver: '580.82' });

async function useEngine({ paths }: SetupWishes, name: string): Promise<void> {
  await mkdir(path.dirname(paths.whisperCpp), { recursive: true });
  await symlink(path.join('..', 'engines', name), paths.whisperCpp);
}

run('takes what is recommended where there is no engine, and asks where there is somebody to ask', async () => {
  await using folder = await temporaryFolder();
  const wishes = await openWishes(folder);
  assert.is((await resolveSetup(wishes)).backend, 'cpu');
  const chooseBackend = () => Promise.resolve('openvino' as const);
  const asked = await resolveSetup({ ...wishes, chooseBackend, model: { kind: 'named', name: 'small' } });
  assert.equal([asked.backend, asked.reason], ['openvino', 'You asked for it.']);
});

run('stays with the engine in use, as it was built, and says where another backend is recommended', async () => {
  await using folder = await temporaryFolder();
  const wishes = await openWishes(folder, { machine: machineWith({ gpus: [card('8.6')] }) });
  const source = releaseSource(wishes.pins);
  const given = ['GGML_NATIVE=OFF'];
  await placeScriptEngine(wishes.paths, 'cpu-9.9.9-0000000a', { source, given, proof: someProof('CPU') });
  await useEngine(wishes, 'cpu-9.9.9-0000000a');
  const { backend, wanted, notes } = await resolveSetup(wishes);
  assert.is(backend, 'cpu');
  assert.is(wanted.plan.definitions['GGML_NATIVE'], 'OFF');
  assert.match(notes.join('\n'), /cuda is recommended: "stt setup --backend auto"/u);
  const plain = await resolveSetup({ ...wishes, backend: 'cpu' });
  assert.is(plain.wanted.plan.definitions['GGML_NATIVE'], undefined);
});

run('keeps what somebody adopted or built from a source of their own, unless another is asked for', async () => {
  await using folder = await temporaryFolder();
  const wishes = await openWishes(folder);
  const name = 'adopted-1.0-0000000a';
  const source = { kind: 'adopted', version: '1.0', digest: 'sha256:00', origin: '/opt/whisper-cli' } as const;
  const placed = await placeScriptEngine(wishes.paths, name, {
    backend: 'cpu',
    source,
    proof: someProof('CPU'),
  });
  await useEngine(wishes, name);
  assert.is((await resolveSetup(wishes)).made?.folder, placed);
  assert.is((await resolveSetup({ ...wishes, backend: 'cpu' })).made, undefined);
  assert.is((await resolveSetup({ ...wishes, isBuildOnly: true })).made, undefined);
});

run('refuses a backend without its hardware, but not where it is built for another machine', async () => {
  await using folder = await temporaryFolder();
  const wishes = await openWishes(folder, { backend: 'cuda' });
  const error = await rejects(resolveSetup(wishes), /cannot work on this machine\. This machine has no NVIDIA card/u);
  assert.equal([error['code'], error['exitCode']], ['STT_BACKEND_WITHOUT_HARDWARE', 78]);
  assert.match(String(error['hint']), '--build-only');

  const old = { ...wishes, machine: machineWith({ gpus: [card('6.1')], toolkits: { nvcc: '13.0' } }) };
  assert.is((await rejects(resolveSetup(old), /13\.0/u))['code'], 'STT_CUDA_TOOLKIT');
  const { wanted } = await resolveSetup({ ...old, isBuildOnly: true });
  assert.is(wanted.plan.definitions['CMAKE_CUDA_ARCHITECTURES'], undefined);
});

run('refuses a folder in the place of the link, and OpenVINO without a model, before anything is done', async () => {
  await using folder = await temporaryFolder();
  const wishes = await openWishes(folder);
  assert.is((await rejects(resolveSetup({ ...wishes, backend: 'openvino' }), /model/u))['code'], 'STT_OPENVINO_MODEL');
  await mkdir(wishes.paths.whisperCpp, { recursive: true });
  assert.is((await rejects(resolveSetup(wishes), /directory of its own/u))['code'], 'STT_ENGINE_LINK');
});

run('plans the model: named, of the user, or the one that suits; a damaged one counts as none', async () => {
  await using folder = await temporaryFolder();
  const wishes = await openWishes(folder);
  const planned = async (model: SetupWishes['model']) => (await resolveSetup({ ...wishes, model })).models.speech;
  await mkdir(wishes.paths.models, { recursive: true });
  await writeFile(path.join(wishes.paths.models, 'ggml-german-ft.bin'), 'fine tuned');
  await writeFile(path.join(wishes.paths.models, 'ggml-medium.bin'), 'not medium');
  const own = await planned({ kind: 'named', name: 'german-ft' });
  assert.equal([own?.known, own?.isThere], [undefined, true]);
  const damaged = await planned({ kind: 'named', name: 'medium' });
  assert.equal([damaged?.known?.name, damaged?.isThere], ['medium', false]);
  const chosen = await planned({ kind: 'choose' });
  assert.ok(chosen?.reason !== undefined);
  for (const name of ['no-such-model', 'silero']) {
    assert.is((await rejects(planned({ kind: 'named', name }), /./u))['exitCode'], 2, name);
  }
});

run.run();
