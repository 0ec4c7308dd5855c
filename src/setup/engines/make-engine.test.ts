/** From the build to the engine in use: proof, what is kept when it fails, variants, and what is done only once. */
import { mkdir, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../../../test/support/rejects.ts';
import { type TemporaryFolder, temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { makeTinyWhisper, tinySetupRequest } from '../../../test/support/tiny-whisper.ts';
import type { SetupRequest } from '../setup-request.ts';
import type { EngineRecord } from './engine-record.ts';
import { findSettledEngine, type MadeEngine, makeEngine } from './make-engine.ts';
import type { ProofModel } from './sample-bench.ts';
import { emptyData, placeScriptEngine, someProof } from './testing/script-engine.ts';
import { findWantedEngine, type WantedEngine } from './wanted-engine.ts';

const run = suite('make engine');

const medium: ProofModel = { name: 'medium', file: '/models/ggml-medium.bin', sha256: 'a'.repeat(64) };

async function request(folder: TemporaryFolder, main?: string, more: Partial<SetupRequest> = {}) {
  const source = folder.join('given');
  await makeTinyWhisper(source, main === undefined ? {} : { main });
  return tinySetupRequest(folder, { source, ...more });
}

const make = async (asked: SetupRequest, model: ProofModel = medium): Promise<MadeEngine> =>
  makeEngine(asked, await findWantedEngine(asked), model);

const recordOf = async (folder: string): Promise<EngineRecord> =>
  JSON.parse(await readFile(path.join(folder, 'engine.json'), 'utf8')) as EngineRecord;

/** Another engine, in use. */
async function engineInUse(folder: TemporaryFolder): Promise<string> {
  const paths = emptyData(folder);
  const other = await placeScriptEngine(paths, 'vulkan-1.0-0000000a', { proof: someProof('Vulkan0') });
  await mkdir(path.dirname(paths.whisperCpp), { recursive: true });
  await symlink('../engines/vulkan-1.0-0000000a', paths.whisperCpp);
  return other;
}

run('proves what it built, writes that down, and does nothing the second time', async () => {
  await using folder = await temporaryFolder();
  const asked = await request(folder);
  const { engine, logFile } = await make(asked);
  assert.ok(logFile !== undefined);
  const { proof, run } = await recordOf(engine.folder);
  assert.equal([proof?.device, proof?.model.name, run.arguments], ['CPU', 'medium', []]);
  assert.is(await realpath(asked.paths.whisperCpp), await realpath(engine.folder));

  assert.is((await findSettledEngine(asked, await findWantedEngine(asked), medium))?.folder, engine.folder);
  const again = await make(asked);
  assert.is(again.logFile, undefined);

  // One that an older release built says nothing of it.
  const { proof: _, run: __, ...old } = await recordOf(engine.folder);
  await writeFile(path.join(engine.folder, 'engine.json'), JSON.stringify(old));
  assert.is(await findSettledEngine(asked, await findWantedEngine(asked), medium), undefined);
  assert.is((await make(asked)).logFile, undefined);
  assert.ok((await recordOf(engine.folder)).proof !== undefined);
});

run('leaves the engine in use where the proof fails, and only tries again the next time', async () => {
  await using folder = await temporaryFolder();
  const other = await engineInUse(folder);
  const gate = folder.join('driver');
  const needsDriver = `if (argc > 2 && access("${gate}", F_OK) != 0) return 3; return transcribe(argc, argv);`;
  const asked = await request(folder, needsDriver);
  const error = await rejects(make(asked), /cannot transcribe the bundled sample.*exit code 3/su);
  assert.is(error['code'], 'STT_ENGINE_BROKEN');
  assert.is(await realpath(asked.paths.whisperCpp), await realpath(other));
  const name = (await readdir(asked.paths.engines)).find((name) => name.startsWith('cpu-')) ?? '';
  assert.is((await recordOf(path.join(asked.paths.engines, name))).proof, undefined);

  await writeFile(gate, '');
  const { engine, logFile } = await make(asked);
  assert.is(logFile, undefined);
  assert.ok((await recordOf(engine.folder)).proof !== undefined);
  assert.is(await realpath(asked.paths.whisperCpp), await realpath(engine.folder));
});

run('fails where a build for a GPU does without, and keeps the engine in use', async () => {
  await using folder = await temporaryFolder();
  const other = await engineInUse(folder);
  const noDevice = 'fputs("ggml_vulkan: No devices found.\\n", stderr); return transcribe(argc, argv);';
  const asked = await request(folder, noDevice, { backend: 'vulkan' });
  const error = await rejects(make(asked), /for vulkan works on the processor alone \(ggml_vulkan: No devices found/u);
  assert.is(error['code'], 'STT_ENGINE_NOT_ON_DEVICE');
  assert.is(await realpath(asked.paths.whisperCpp), await realpath(other));
});

run('tries it again for another model or other options, without a build', async () => {
  await using folder = await temporaryFolder();
  const asked = await request(folder);
  const { engine } = await make(asked);
  const large: ProofModel = { name: 'large-v3', file: '/models/ggml-large-v3.bin', sha256: 'b'.repeat(64) };
  const proven = async (): Promise<string> => {
    const { proof, run } = await recordOf(engine.folder);
    return `${proof?.model.name} ${run.arguments.join(' ')}`;
  };
  assert.is((await make(asked, large)).logFile, undefined);
  assert.is(await proven(), 'large-v3 ');
  // Set-up that is asked for no model is content.
  await makeEngine(asked, await findWantedEngine(asked));
  assert.is(await proven(), 'large-v3 ');
  const careful = { ...asked, run: { arguments: ['-nfa'], environment: {}, reasons: [] } };
  assert.is((await make(careful, large)).logFile, undefined);
  assert.is(await proven(), 'large-v3 -nfa');
});

run('builds for another machine without trying; the next whole set-up tries', async () => {
  await using folder = await temporaryFolder();
  const asked = await request(folder, 'return argc > 2 ? 3 : 0;', { isBuildOnly: true });
  const { engine } = await make(asked);
  assert.is((await recordOf(engine.folder)).proof, undefined);
  assert.is(await realpath(asked.paths.whisperCpp), await realpath(engine.folder));
  assert.is((await make(asked)).logFile, undefined);
  await rejects(make({ ...asked, isBuildOnly: false }), /cannot transcribe/u);
});

run("puts an engine that was only built in nobody else's place", async () => {
  await using folder = await temporaryFolder();
  const asked = await request(folder);
  const { engine: inUse } = await make(asked);
  const other = { ...asked, definitions: ['CMAKE_BUILD_TYPE=Debug'], isBuildOnly: true };
  const { engine } = await make(other);
  assert.is.not(engine.folder, inUse.folder);
  assert.is(await realpath(asked.paths.whisperCpp), await realpath(inUse.folder));
  assert.is((await make(other)).logFile, undefined);
});

/** Two ways to build it; the first one takes its time. */
async function withVariants(asked: SetupRequest, second: string): Promise<WantedEngine> {
  const wanted = await findWantedEngine(asked);
  const variants = ['plain', 'other'].map((name) => ({
    name,
    definitions: { CMAKE_C_FLAGS: name === 'plain' ? '-DPLAIN' : `-D${second}` },
  }));
  return { ...wanted, plan: { ...wanted.plan, variants } };
}

const variants = `
#ifdef PLAIN
  if (argc > 2) usleep(600000);
#endif
#ifdef BROKEN
  if (argc > 2) return 4;
#endif
  return transcribe(argc, argv);
`;

run('keeps the faster of two variants, and notes both times; or the one that works', async () => {
  const choose = async (second: string): Promise<{ record: EngineRecord; said: string }> => {
    await using folder = await temporaryFolder();
    const asked = await request(folder, variants);
    const { engine } = await makeEngine(asked, await withVariants(asked, second), medium);
    return { record: await recordOf(engine.folder), said: asked.said.join('\n') };
  };
  const fast = await choose('FAST');
  assert.is(fast.record.variant?.name, 'other');
  assert.equal(Object.keys(fast.record.variant?.seconds ?? {}), ['plain', 'other']);
  assert.ok(fast.record.proof !== undefined);
  assert.match(fast.said, /Kept: other \(plain \d\.\d+ s, other \d\.\d+ s\)/u);

  const broken = await choose('BROKEN');
  assert.equal([broken.record.variant?.name, broken.record.proof?.device], ['plain', 'CPU']);
  assert.match(broken.said, /"other" does not work here: .*exit code 4/u);
});

run('is refused before anything is built where the link cannot take its place', async () => {
  await using folder = await temporaryFolder();
  const asked = await request(folder);
  await mkdir(path.join(asked.paths.whisperCpp, 'build/bin'), { recursive: true });
  await writeFile(asked.paths.whisperCli, 'mine', { mode: 0o755 });
  const error = await rejects(make(asked), /is a directory of its own/u);
  assert.is(error['code'], 'STT_ENGINE_LINK');
  assert.match(String(error['hint']), `stt setup --adopt ${asked.paths.whisperCpp}`);
  await rejects(readdir(asked.paths.engines), /ENOENT/u);
  await rm(asked.paths.whisperCpp, { recursive: true });
  await make(asked);
});

run.run();
