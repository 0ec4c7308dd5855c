import { readFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { temporaryFolder } from '../test/support/temporary-folder.ts';
import { appendCsv, csvLine } from './csv-file.ts';

const csv = suite('CSV files');

csv('begins a new file with the header and only a new one', async () => {
  await using folder = await temporaryFolder();
  appendCsv(folder.join('p.csv'), ['id', 'n'], ['a', 1]);
  appendCsv(folder.join('p.csv'), ['id', 'n'], ['b', undefined]);
  assert.is(await readFile(folder.join('p.csv'), 'utf8'), 'id,n\na,1\nb,\n');
});

csv('quotes commas, quotes and line breaks', () => {
  assert.is(csvLine(['a,b', 'say "x"', 'one\ntwo']), '"a,b","say ""x""","one\ntwo"\n');
});

csv('keeps a spreadsheet from running text as a formula, and leaves numbers alone', () => {
  assert.is(csvLine(['=1+1', '@x', -1.5]), "'=1+1,'@x,-1.5\n");
});

csv.run();
