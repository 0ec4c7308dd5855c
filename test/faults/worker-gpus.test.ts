/** A worker on a machine with several GPUs: a slot for each of them, and each engine on its own. The engine is a fake that lists them. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startFakeServer } from '../../src/worker/testing/fake-server.ts';
import { eventually } from '../support/eventually.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { startFaultWorker } from './fault-worker.ts';
import { type EngineRun, scriptedEngine } from './scripted-engine.ts';
import { recordingNumber } from './worker-scene.ts';

const gpus = suite('GPUs');

const twoGpus = [
  'ggml_cuda_init: found 2 CUDA devices (Total VRAM: 48385 MiB):',
  '  Device 0: NVIDIA GeForce RTX 3090, compute capability 8.6, VMM: yes, VRAM: 24192 MiB',
  '  Device 1: NVIDIA GeForce RTX 3090, compute capability 8.6, VMM: yes, VRAM: 24192 MiB',
  'whisper_backend_init_gpu: using CUDA0 backend',
];

const deviceOf = ({ args }: EngineRun): string =>
  args.includes('-dev') ? (args[args.indexOf('-dev') + 1] ?? '') : 'unnamed';
const sorted = (devices: Iterable<string>): string[] => [...devices].toSorted((a, b) => (a < b ? -1 : 1));

const cases: [title: string, says: string[], env: Record<string, string>, devices: string[]][] = [
  ['two: two slots', twoGpus, {}, ['0', '1']],
  ['two and three slots: they share', twoGpus, { STT_SLOTS: '3' }, ['0', '0', '1']],
  ['none: one slot, and nothing is said of devices', [], {}, ['unnamed']],
];
for (const [title, says, env, devices] of cases) {
  gpus(title, async () => {
    await using folder = await temporaryFolder();
    await using server = await startFakeServer({ flavour: 'protocol 2' });
    const engine = scriptedEngine(folder.join('whisper-cli'), { recordings: 'waits for go', says });
    for (let number = 0; number < 6; number += 1) server.add(recordingNumber(number));
    await using worker = startFaultWorker({
      dataFolder: folder.path,
      serverUrl: server.url,
      engineFile: engine.file,
      args: ['--until-empty'],
      env: { STT_THREADS: '3', ...env },
    });
    const { slots, threads } = await worker.saw('started');
    assert.is(slots, devices.length);
    assert.is(threads, Math.floor(3 / devices.length), 'the threads are shared');
    await eventually(() => engine.runsOnRecordings().length === devices.length, 'every slot works', 20_000);
    assert.equal(sorted(engine.runsOnRecordings().map(deviceOf)), devices);

    engine.go();
    assert.is((await worker.ended).exitCode, 0, worker.complaints());
    const runs = engine.runsOnRecordings();
    assert.equal([runs.length, server.callsOf('result').length], [6, 6]);
    assert.equal(sorted(new Set(runs.map(deviceOf))), sorted(new Set(devices)));
  });
}

gpus.run();
