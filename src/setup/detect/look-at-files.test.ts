import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { findPaths, findPciDisplays, freeDiskBytes, listFolders, readTexts } from './look-at-files.ts';

const run = suite('look at files');

run('reads what is there, at most a beginning, and waits for nobody', async () => {
  await using folder = await temporaryFolder();
  const [small, large, pipe] = [folder.join('small'), folder.join('large'), folder.join('pipe')];
  await writeFile(small, 'ID=fedora\n');
  await writeFile(large, 'x'.repeat(1_000_000));
  execFileSync('mkfifo', [pipe]);
  const texts = await readTexts([small, large, pipe, folder.path, folder.join('missing')]);
  assert.equal(Object.keys(texts), [small, large, pipe]);
  assert.is(texts[small], 'ID=fedora\n');
  assert.is(texts[large]?.length, 65_536);
  assert.equal(await findPaths([small, folder.join('missing')]), [small]);
  assert.equal(await listFolders([folder.path, folder.join('missing')]), {
    [folder.path]: ['large', 'pipe', 'small'],
    [folder.join('missing')]: [],
  });
});

run('finds display adapters on the bus, with the driver that has them', async () => {
  await using folder = await temporaryFolder();
  const add = async (address: string, files: Record<string, string>, driver?: string): Promise<void> => {
    await mkdir(folder.join(address));
    for (const [name, text] of Object.entries(files)) await writeFile(folder.join(address, name), `${text}\n`);
    if (driver !== undefined) await symlink(`../../../bus/pci/drivers/${driver}`, folder.join(address, 'driver'));
  };
  await add(
    '0000:03:00.0',
    { class: '0x038000', vendor: '0x1002', device: '0x744C', mem_info_vram_total: '25753026560' },
    'amdgpu',
  );
  await add('0000:00:02.0', { class: '0x030000', vendor: '0x8086', device: '0x9a49' });
  await add('0000:04:00.0', { class: '0x030000', vendor: '0x1002', device: '0x1638', mem_info_vram_total: '' });
  await add('0000:00:1f.3', { class: '0x040380', vendor: '0x8086', device: '0xa0c8' }, 'snd_hda_intel');
  await add('broken', {});
  assert.equal(await findPciDisplays(folder.path), [
    { address: '0000:00:02.0', vendor: '8086', device: '9a49' },
    { address: '0000:03:00.0', vendor: '1002', device: '744c', driver: 'amdgpu', memoryBytes: 25_753_026_560 },
    { address: '0000:04:00.0', vendor: '1002', device: '1638' },
  ]);
  assert.equal(await findPciDisplays(folder.join('missing')), []);
});

run('knows how much is free where a folder will be', async () => {
  await using folder = await temporaryFolder();
  const there = await freeDiskBytes(folder.path);
  const later = await freeDiskBytes(folder.join('not', 'yet', 'there'));
  assert.ok(there !== undefined && later !== undefined && later > 0);
  assert.ok(Math.abs(there - later) < 1e9);
});

run.run();
