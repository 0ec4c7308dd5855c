/** Intel's graphics by age: which are too slow to help, and which need care. Pure. */
import type { Gpu } from './machine.ts';

/** `before-xe`: up to 10th gen Core. `xe`: 11th to 13th gen, and DG1. `later`: Arc, Core Ultra. */
export type IntelGeneration = 'before-xe' | 'xe' | 'later';

/** First two digits of the PCI device. What is not here is newer than this table. */
const idPrefixes: Readonly<Record<string, IntelGeneration>> = {
  ...prefixes('before-xe', '00 01 04 0a 0c 0d 0f 16 19 1a 1c 22 31 3e 41 45 4e 59 5a 84 87 8a 9b ff'),
  ...prefixes('xe', '46 49 4c 9a a7'),
};

/** What Mesa puts behind the name: `Intel(R) Iris(R) Xe Graphics (TGL GT2)`. */
const codeNames: Readonly<Record<string, IntelGeneration>> = {
  ...prefixes('before-xe', 'SNB IVB BYT HSW BDW CHV BSW SKL BXT APL KBL AML GLK CFL WHL CML CNL ICL EHL JSL'),
  ...prefixes('xe', 'TGL RKL ADL RPL DG1'),
};

function prefixes(generation: IntelGeneration, names: string): Record<string, IntelGeneration> {
  return Object.fromEntries(names.split(' ').map((name) => [name, generation]));
}

export function intelGeneration({ name, pciId }: Pick<Gpu, 'name' | 'pciId'>): IntelGeneration {
  const device = /^8086:(?<prefix>[0-9a-f]{2})[0-9a-f]{2}$/u.exec(pciId ?? '')?.groups?.['prefix'];
  if (device !== undefined) return idPrefixes[device] ?? 'later';
  const code = /\((?<code>[A-Z]{2,3}\d?)\b[^()]*\)$/u.exec(name)?.groups?.['code'];
  if (code !== undefined) return codeNames[code] ?? 'later';
  if (/\bArc\b/iu.test(name)) return 'later';
  if (/Iris\W.*\bXe\b|UHD Graphics 7\d\d/iu.test(name)) return 'xe';
  if (/\bHD Graphics|UHD Graphics \d{3}|\bIris\b/iu.test(name)) return 'before-xe';
  return /UHD Graphics/iu.test(name) ? 'xe' : 'later';
}
