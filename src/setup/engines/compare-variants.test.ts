import { readFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../../../test/support/rejects.ts';
import { type TemporaryFolder, temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { plainRunOptions } from '../../engine/run-options.ts';
import { chooseFastest, compareVariants } from './compare-variants.ts';
import { benchOptions, writeScriptEngine } from './testing/script-engine.ts';

const run = suite('comparison of variants');

async function compare(folder: TemporaryFolder, scripts: Record<string, string>) {
  const variants = Object.keys(scripts).map((name) => ({ name, whisperCli: folder.join(name) }));
  for (const { name, whisperCli } of variants) {
    await writeScriptEngine(whisperCli, { script: `echo ${name} >> '${folder.join('order')}'; ${scripts[name]}` });
  }
  return compareVariants(variants, { ...benchOptions(), run: plainRunOptions });
}

run('runs them in turns, and takes the best time of each', async () => {
  await using folder = await temporaryFolder();
  // Slow the first time, as with a cold cache.
  const warmsUp = `[ -e '${folder.join('warm')}' ] || sleep 2; : > '${folder.join('warm')}'`;
  const { fastest, seconds, failed } = await compare(folder, { plain: 'sleep 1', openblas: warmsUp });
  assert.is(fastest, 'openblas');
  assert.ok((seconds['openblas'] ?? 9) < (seconds['plain'] ?? 0), JSON.stringify(seconds));
  assert.equal(failed, {});
  assert.is(await readFile(folder.join('order'), 'utf8'), 'plain\nopenblas\nplain\nopenblas\n');
});

run('leaves out one that fails, once', async () => {
  await using folder = await temporaryFolder();
  const { fastest, seconds, failed } = await compare(folder, { plain: 'sleep 0.1', openblas: 'kill -ILL $$' });
  assert.is(fastest, 'plain');
  assert.equal(Object.keys(seconds), ['plain']);
  assert.match(String(failed['openblas']), /SIGILL/u);
  assert.is(await readFile(folder.join('order'), 'utf8'), 'plain\nopenblas\nplain\n');
});

run('fails with the reason of the first where none works', async () => {
  await using folder = await temporaryFolder();
  await rejects(compare(folder, { plain: 'exit 7', openblas: 'exit 8' }), /exit code 7/u);
});

run('gives a tie to the one that is named first', () => {
  const variants = [{ name: 'plain' }, { name: 'openblas' }];
  const choose = (...seconds: [string, number][]) => chooseFastest(variants, new Map(seconds));
  assert.is(choose(['plain', 10.2], ['openblas', 10]), 'plain');
  assert.is(choose(['plain', 10.4], ['openblas', 10]), 'openblas');
  assert.is(choose(['plain', 9], ['openblas', 10]), 'plain');
  assert.is(choose(['openblas', 10]), 'openblas');
  assert.is(choose(), undefined);
});

run.run();
