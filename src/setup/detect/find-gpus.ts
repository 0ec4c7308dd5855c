/** One list of the GPUs that nvidia-smi, Vulkan, the PCI bus and the system each tell of in their own way. Pure. */
import { printable } from '../../printable.ts';
import type { Gpu } from './machine.ts';
import type { MachineFacts } from './machine-facts.ts';
import { parseNvidiaSmi } from './parse-nvidia-smi.ts';
import { parseVulkaninfo, type VulkanDevice } from './parse-vulkaninfo.ts';

const vendorOfId: Readonly<Record<string, Gpu['vendor']>> = {
  '10de': 'nvidia',
  '1002': 'amd',
  '8086': 'intel',
  '106b': 'apple',
};

const vendorNames: Readonly<Record<Gpu['vendor'], string>> = {
  nvidia: 'NVIDIA',
  amd: 'AMD',
  intel: 'Intel',
  apple: 'Apple',
  other: 'Unknown',
};

export function findGpus(facts: MachineFacts, board: string | undefined): Gpu[] {
  const { programs, pciDisplays, graphics } = facts;
  const known: Gpu[] = nvidiaCards(facts, board);
  const devices = programs.vulkaninfo.kind === 'answered' ? parseVulkaninfo(programs.vulkaninfo.text).devices : [];
  merge(known, devices.filter(({ kind }) => kind !== 'software').map(fromVulkan));
  const pci = pciDisplays.map((display) => fromPci(display, lspciNames(facts)));
  // Servers have a chip for their console, and virtual machines a screen: nothing to compute with.
  merge(
    known,
    pci.filter(({ vendor }) => vendor !== 'other'),
  );
  merge(
    known,
    graphics.map(fromSystem).filter((gpu) => gpu !== undefined),
  );
  return known;
}

/** What each way tells of one GPU; what is not told is left out, so that it covers nothing. */
type Sighting = Pick<Gpu, 'vendor' | 'name'> & Partial<Gpu>;

function nvidiaCards({ programs }: MachineFacts, board: string | undefined): Gpu[] {
  const answer = programs['nvidia-smi'];
  const cards = answer.kind === 'answered' ? parseNvidiaSmi(answer.text) : [];
  // Jetsons: one GPU on the chip, which older nvidia-smi does not know, and newer ones know by half.
  const jetson = /\bJetson\b/iu.test(board ?? '') ? board : undefined;
  if (jetson === undefined)
    return cards.map((card) => ({ vendor: 'nvidia', isIntegrated: false, hasVulkan: false, ...card }));
  const capability = jetsonCapability(jetson);
  const onChip: Gpu = {
    vendor: 'nvidia',
    name: `NVIDIA ${jetson.replace(/^NVIDIA /iu, '')}`,
    isIntegrated: true,
    hasVulkan: false,
    ...(capability !== undefined && { computeCapability: capability }),
  };
  const [{ driver, computeCapability } = {}] = cards;
  return [
    {
      ...onChip,
      ...(driver !== undefined && { driver }),
      ...(computeCapability !== undefined && { computeCapability }),
    },
  ];
}

function jetsonCapability(board: string): string | undefined {
  const known: [RegExp, string][] = [
    [/Thor/iu, '11.0'],
    [/Orin/iu, '8.7'],
    [/Xavier/iu, '7.2'],
    [/TX2/iu, '6.2'],
    [/TX1|Nano/iu, '5.3'],
  ];
  return known.find(([pattern]) => pattern.test(board))?.[1];
}

function fromVulkan({ index, name, kind, pciId, driver }: VulkanDevice): Sighting {
  return {
    vendor: vendorOfId[pciId?.split(':')[0] ?? ''] ?? vendorInName(name),
    name,
    isIntegrated: kind === 'integrated',
    hasVulkan: true,
    vulkanIndex: index,
    ...(pciId !== undefined && { pciId }),
    ...(driver !== undefined && { driver, vulkanDriver: driver }),
  };
}

function fromPci(
  { address, vendor, device, driver, memoryBytes }: MachineFacts['pciDisplays'][number],
  names: ReadonlyMap<string, string>,
): Sighting {
  const of = vendorOfId[vendor] ?? 'other';
  const pciId = printable(`${vendor}:${device}`);
  return {
    vendor: of,
    name: names.get(address) ?? `${vendorNames[of]} graphics (${pciId})`,
    pciId,
    // Intel's own graphics are always the second device of the first bus.
    ...(of === 'intel' && { isIntegrated: address.startsWith('0000:00:02.') }),
    ...(driver !== undefined && { kernelDriver: printable(driver) }),
    ...(memoryBytes !== undefined && { memoryBytes }),
  };
}

/** `0000:01:00.0 "VGA compatible controller [0300]" "NVIDIA Corporation [10de]" "GA102 [GeForce RTX 3090] [2204]" ...` */
function lspciNames({ programs }: MachineFacts): Map<string, string> {
  const text = programs.lspci.kind === 'answered' ? programs.lspci.text : '';
  const line =
    /^(?<address>[0-9a-f]{4,8}:[0-9a-f:.]+) "[^"\n]*" "[^"\n]*\[(?<vendor>[0-9a-f]{4})\]" "(?<name>[^"\n]*) \[[0-9a-f]{4}\]"/gmu;
  const names = new Map<string, string>();
  for (const { groups } of text.matchAll(line)) {
    const { address = '', vendor = '', name = '' } = groups ?? {};
    const product = /\[(?<product>[^[\]]+)\]$/u.exec(name)?.groups?.['product'] ?? name;
    const of = vendorOfId[vendor];
    if (of !== undefined && !/^Device\b/u.test(product)) names.set(address, printable(`${vendorNames[of]} ${product}`));
  }
  return names;
}

function fromSystem({ vendor, model, isBuiltIn, memoryMib }: MachineFacts['graphics'][number]): Sighting | undefined {
  const name = printable(model);
  // Windows' own, for a screen without a driver.
  if (name === '' || /^Microsoft\b/u.test(name)) return undefined;
  const of = vendorInName(`${vendor} ${model}`);
  return {
    vendor: of,
    name,
    isIntegrated: isBuiltIn || of === 'apple',
    ...(memoryMib !== undefined && Number.isFinite(memoryMib) && { memoryBytes: memoryMib * 2 ** 20 }),
  };
}

function vendorInName(name: string): Gpu['vendor'] {
  if (/nvidia|geforce|quadro|tegra/iu.test(name)) return 'nvidia';
  if (/\bamd\b|advanced micro|radeon/iu.test(name)) return 'amd';
  if (/intel/iu.test(name)) return 'intel';
  return /apple/iu.test(name) ? 'apple' : 'other';
}

/** Adds what is told of GPUs that are known, and the ones that are not. The surest matches come first. */
function merge(known: Gpu[], sightings: readonly Sighting[]): void {
  const open = new Set(sightings);
  const untouched = new Set(known.keys());
  const isSame: ((gpu: Gpu, sighting: Sighting) => boolean)[] = [
    (gpu, { pciId }) => gpu.pciId !== undefined && gpu.pciId === pciId,
    (gpu, { name }) => plainName(gpu.name) === plainName(name),
    // Named differently, or not at all. A sighting that knows another PCI id is another GPU.
    (gpu, { pciId }) => gpu.pciId === undefined || pciId === undefined,
  ];
  for (const matches of isSame) {
    for (const sighting of open) {
      const index = [...untouched].find((at) => {
        const gpu = known[at];
        return gpu?.vendor === sighting.vendor && matches(gpu, sighting);
      });
      const gpu = index === undefined ? undefined : known[index];
      if (index === undefined || gpu === undefined) continue;
      known[index] = combine(gpu, sighting);
      untouched.delete(index);
      open.delete(sighting);
    }
  }
  known.push(...[...open].map((sighting) => combine({ ...sighting, isIntegrated: false, hasVulkan: false }, sighting)));
}

/** The one that told first is believed, but for whether it is integrated and listed by Vulkan: only one way knows. */
function combine(gpu: Gpu, sighting: Sighting): Gpu {
  const { memoryBytes, ...both }: Gpu = {
    ...sighting,
    ...gpu,
    isIntegrated: gpu.isIntegrated || (sighting.isIntegrated ?? false),
    hasVulkan: gpu.hasVulkan || (sighting.hasVulkan ?? false),
  };
  // What an integrated one calls its own is a small part set aside; it uses the machine's.
  return memoryBytes === undefined || both.isIntegrated ? both : { ...both, memoryBytes };
}

/** `NVIDIA GeForce RTX 3090` and lspci's `GeForce RTX 3090` are one name; so are `Orin (nvgpu)` and `NVIDIA Tegra Orin (nvgpu)`. */
function plainName(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/\((?:r|tm)\)|\b(?:nvidia|amd|intel|tegra|corporation|graphics)\b|[^a-z0-9 ()]/gu, ' ')
    .replace(/\s\([^()]*\)\s*$/u, '')
    .replaceAll(/\s+/gu, ' ')
    .trim();
}
