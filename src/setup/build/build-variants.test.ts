import { access, readdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../../../test/support/rejects.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { runChild } from '../../run-child.ts';
import { buildEngine } from './build-engine.ts';
import { chooseVariant, variantBinary } from './build-variants.ts';
import { tinyBuild, tinyVariants } from './testing/build-request.ts';

const run = suite('build variants');

const plan = { definitions: {}, targets: ['whisper-cli', 'whisper-server'], variants: tinyVariants };

/** With an argument, as when it is asked to prove that it starts, it ends well; else its exit code says how it was built. */
const tells = { main: 'extern int puts(const char *); puts(HAS_BLAS ? "BLAS = 1" : "BLAS = 0"); return 0;' };

async function says(program: string): Promise<string> {
  const end = await runChild({ file: program, args: [], stdoutLimitBytes: 100 });
  return end.stdout.trim();
}

run('builds each variant in the same folder, keeps its programs, and puts the chosen one in place', async () => {
  await using folder = await temporaryFolder();
  using request = await tinyBuild(folder, tells, { plan });
  assert.equal(await buildEngine(request), ['plain', 'openblas']);
  assert.is(await says(variantBinary(request.folder, 'plain')), 'BLAS = 0');
  assert.is(await says(variantBinary(request.folder, 'openblas')), 'BLAS = 1');
  assert.equal(await readdir(path.dirname(variantBinary(request.folder, 'openblas'))), ['whisper-cli']);

  const inPlace = path.join(request.folder, 'build/bin/whisper-cli');
  for (const [name, expected] of Object.entries({ plain: 'BLAS = 0', openblas: 'BLAS = 1' })) {
    await chooseVariant(request, name);
    assert.is(await says(inPlace), expected);
    // What was not needed for the comparison is there now too.
    await access(variantBinary(request.folder, name, 'whisper-server'));
  }
  await chooseVariant(request, 'plain');
  assert.is(await says(inPlace), 'BLAS = 0');
  assert.equal((await readdir(path.dirname(inPlace))).toSorted(), ['whisper-cli', 'whisper-server']);
});

run('leaves out a variant that cannot be had here, and says so', async () => {
  await using folder = await temporaryFolder();
  const os = { platform: 'linux', id: 'fedora', like: [], version: '43', name: 'Fedora' } as const;
  using request = await tinyBuild(folder, { ...tells, isWithoutBlas: true }, { plan, os });
  assert.equal(await buildEngine(request), ['plain']);
  assert.is(request.said.length, 1);
  assert.match(request.said[0] ?? '', /^Without the variant "openblas": .*openblas/u);
  assert.not.match(request.said[0] ?? '', 'The last lines');

  // Whichever comes first: one is enough.
  const turned = { ...plan, variants: tinyVariants.toReversed() };
  await rm(path.join(request.folder, 'build'), { recursive: true });
  assert.equal(await buildEngine({ ...request, plan: turned }), ['plain']);
  await access(variantBinary(request.folder, 'plain', 'whisper-server'));
});

run('leaves out a further variant that does not compile or does not start', async () => {
  await using folder = await temporaryFolder();
  for (const main of ['return HAS_BLAS;', '\n#if HAS_BLAS\n#error no\n#endif\nreturn 0;']) {
    using request = await tinyBuild(folder, { main }, { plan });
    await rm(path.join(request.folder, 'build'), { recursive: true, force: true });
    assert.equal(await buildEngine(request), ['plain']);
    assert.match(request.said.join('\n'), 'Without the variant "openblas"');
    await chooseVariant(request, 'plain');
  }
});

run('fails where the source does not compile, and where no variant can be had', async () => {
  await using folder = await temporaryFolder();
  using request = await tinyBuild(folder, { main: 'no C at all' }, { plan });
  assert.is((await rejects(buildEngine(request), /could not be built/u))['code'], 'STT_BUILD_FAILED');
  assert.equal(request.said, []);

  using without = await tinyBuild(folder, { isWithoutBlas: true }, { plan });
  const blas = tinyVariants.slice(1);
  await rm(path.join(request.folder, 'build'), { recursive: true });
  const both = { ...plan, variants: [...blas, ...blas.map((variant) => ({ ...variant, name: 'again' }))] };
  assert.is((await rejects(buildEngine({ ...without, plan: both }), /configured/u))['code'], 'STT_BUILD_FAILED');
});

run('does not build again what was kept before an interruption', async () => {
  await using folder = await temporaryFolder();
  using request = await tinyBuild(folder, tells, { plan });
  await buildEngine(request);
  const kept = variantBinary(request.folder, 'plain');
  const keptAt = (await stat(kept)).mtimeMs;
  await rm(path.dirname(variantBinary(request.folder, 'openblas')), { recursive: true });
  assert.equal(await buildEngine(request), ['plain', 'openblas']);
  assert.is((await stat(kept)).mtimeMs, keptAt);

  // An empty file is what a power cut leaves: no program.
  await writeFile(kept, '');
  await buildEngine(request);
  assert.is(await says(kept), 'BLAS = 0');
});

run.run();
