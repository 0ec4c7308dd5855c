/** Reads what the system tells in files. What is not there, or may not be read, is left out. */
import { constants } from 'node:fs';
import { access, open, readdir, readlink, statfs } from 'node:fs/promises';
import path from 'node:path';
import type { PciDisplay } from './machine-facts.ts';

const longestTextBytes = 64 * 1024;

export async function readTexts(files: readonly string[]): Promise<Record<string, string>> {
  const texts = await Promise.all(files.map(async (file) => [file, await readText(file)] as const));
  return Object.fromEntries(texts.flatMap(([file, text]) => (text === undefined ? [] : [[file, text] as const])));
}

export async function findPaths(paths: readonly string[]): Promise<string[]> {
  const isThere = await Promise.all(paths.map(exists));
  return paths.filter((_, index) => isThere[index]);
}

export async function listFolders(folders: readonly string[]): Promise<Record<string, string[]>> {
  const names = await Promise.all(folders.map(async (folder) => [folder, await listFolder(folder)] as const));
  return Object.fromEntries(names);
}

/** Free for this user; where the folder is not there yet, in the nearest one above it. */
export async function freeDiskBytes(folder: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    const parent = path.dirname(path.resolve(folder));
    return parent === path.resolve(folder) ? undefined : freeDiskBytes(parent);
  }
}

/** The kernel's list of the PCI bus: known without a driver, and without lspci. */
export async function findPciDisplays(root = '/sys/bus/pci/devices'): Promise<PciDisplay[]> {
  const addresses = (await listFolder(root)).toSorted((a, b) => a.localeCompare(b));
  const displays = await Promise.all(addresses.map((address) => readPciDisplay(root, address)));
  return displays.filter((display) => display !== undefined);
}

async function readPciDisplay(root: string, address: string): Promise<PciDisplay | undefined> {
  const read = (name: string): Promise<string | undefined> => readText(path.join(root, address, name));
  // Displays, and "processing accelerators", as some cards for data centres call themselves.
  if (!/^0x(?:03|12)/u.test((await read('class')) ?? '')) return undefined;
  const [vendor = '', device = '', memory] = await Promise.all([
    read('vendor'),
    read('device'),
    read('mem_info_vram_total'),
  ]);
  const driver = await readlink(path.join(root, address, 'driver')).catch(() => undefined);
  const memoryBytes = /^\d{1,15}\n?$/u.test(memory ?? '') ? Number(memory) : undefined;
  return {
    address,
    vendor: withoutPrefix(vendor),
    device: withoutPrefix(device),
    ...(driver === undefined ? {} : { driver: path.basename(driver) }),
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
  };
}

const withoutPrefix = (id: string): string => id.trim().replace(/^0x/u, '').toLowerCase();

async function exists(file: string): Promise<boolean> {
  return access(file, constants.F_OK).then(
    () => true,
    () => false,
  );
}

async function listFolder(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

/** The beginning of it: /proc and /sys tell no sizes. */
async function readText(file: string): Promise<string | undefined> {
  try {
    await using handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const buffer = Buffer.alloc(longestTextBytes);
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return buffer.toString('utf8', 0, length);
  } catch {
    return undefined;
  }
}
