import { readdir } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../../../test/support/rejects.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { tinySetupRequest } from '../../../test/support/tiny-whisper.ts';
import { dataPaths } from '../../config/data-paths.ts';
import { describeSetup } from '../describe-setup.ts';
import { runSetup } from '../run-setup.ts';
import { readRecipe } from '../whisper-data.ts';
import { type BuildIntent, refuseBuild, refuseUnbuildable } from './refuse-unbuildable.ts';
import { machineWith, nvidiaCard } from './testing/machines.ts';

const run = suite('refuseUnbuildable');

run('refuses a data folder that cmake cannot build in', async () => {
  await using folder = await temporaryFolder();
  const request = await tinySetupRequest(folder);
  for (const character of ['\\', '"', ';', '$', '#', '%']) {
    const paths = dataPaths(folder.join(`a${character}b`));
    for (const attempt of [runSetup, describeSetup]) {
      assert.is((await rejects(attempt({ ...request, paths }), /cannot be built in/u))['exitCode'], 78);
    }
  }
});

run('has nothing against the backslashes of Windows, where nothing is built', () => {
  assert.not.throws(() => refuseUnbuildable(dataPaths(String.raw`C:\Users\me\stt`), 'win32'));
});

const intent = (dataFolder: string, more: Partial<BuildIntent> = {}): BuildIntent => {
  const backend = more.backend ?? 'cpu';
  return {
    backend,
    recipe: readRecipe(backend),
    machine: machineWith(),
    definitions: [],
    model: undefined,
    paths: dataPaths(dataFolder),
    goesOn: false,
    ...more,
  };
};

run('has nothing against a machine that can build, and leaves nothing behind', async () => {
  await using folder = await temporaryFolder();
  await refuseBuild(intent(folder.join('not/there/yet')));
  await refuseBuild(intent(folder.path));
  assert.equal(await readdir(folder.path), []);
});

run('refuses a place where nothing can be written', async () => {
  for (const place of ['/proc/stt', '/proc', '/sys/stt/data']) {
    const error = await rejects(refuseBuild(intent(place)), /Nothing can be written in/u);
    assert.ok([74, 77].includes(Number(error['exitCode'])));
    assert.match(String(error['hint']), 'STT_DATA_DIR');
  }
  await using folder = await temporaryFolder();
  const error = await rejects(refuseBuild(intent('/dev/null/data')), /Nothing can be written/u);
  assert.is(error['exitCode'], 74);
  assert.equal(await readdir(folder.path), []);
});

run('refuses a disk that is too small, less so where a build goes on', async () => {
  await using folder = await temporaryFolder();
  const cuda = { backend: 'cuda', machine: machineWith({ diskFreeBytes: 1e9 }) } as const;
  const error = await rejects(refuseBuild(intent(folder.path, cuda)), /1\.0 GB are free, about 2\.5 GB are needed/u);
  assert.is(error['exitCode'], 74);
  await refuseBuild(intent(folder.path, { ...cuda, goesOn: true }));
  await rejects(
    refuseBuild(intent(folder.path, { ...cuda, machine: machineWith({ diskFreeBytes: 1e8 }), goesOn: true })),
    /too small/u,
  );
  await refuseBuild(intent(folder.path, { machine: machineWith({ diskFreeBytes: 1e9 }) }));
});

run('refuses a CUDA toolkit that does not know the card', async () => {
  await using folder = await temporaryFolder();
  const machine = machineWith({ gpus: [nvidiaCard('12.0')], toolkits: { nvcc: '12.4' } });
  const error = await rejects(refuseBuild(intent(folder.path, { backend: 'cuda', machine })), /too old for this card/u);
  assert.is(error['exitCode'], 78);
  assert.match(String(error['hint']), 'Install CUDA 12.8 or newer');
  await refuseBuild(intent(folder.path, { machine }));
  const definitions = ['CMAKE_CUDA_ARCHITECTURES=90'];
  await refuseBuild(intent(folder.path, { backend: 'cuda', machine, definitions }));
});

run('refuses for OpenVINO a model that has no original', async () => {
  await using folder = await temporaryFolder();
  const openvino = { backend: 'openvino' } as const;
  const error = await rejects(refuseBuild(intent(folder.path, { ...openvino, model: 'demo-digits' })), /no original/u);
  assert.is(error['exitCode'], 78);
  await refuseBuild(intent(folder.path, { ...openvino, model: 'medium-q5_0' }));
  await refuseBuild(intent(folder.path, openvino));
});

run('says on Windows which programs to download', async () => {
  const machine = machineWith({
    os: { platform: 'win32', id: 'windows', like: [], version: '11', name: 'Windows 11' },
  });
  const error = await rejects(refuseBuild(intent('C:\\data', { machine })), /on Windows/u);
  assert.match(String(error['hint']), 'stt setup --adopt');
});

run.run();
