/** Reads `vulkaninfo --summary`: the devices in the order in which ggml sees them, too. Pure. */
import { printable } from '../../printable.ts';

export type VulkanDevice = {
  index: number;
  name: string;
  kind: 'discrete' | 'integrated' | 'virtual' | 'software' | 'other';
  /** `8086:9a49`; undefined where the numbers are not those of a PCI device. */
  pciId?: string;
  /** `550.54.14`, `Mesa 25.2.8`, `Dozen (Mesa 25.2.8)`. */
  driver?: string;
};

export type VulkanSummary = { version?: string; devices: readonly VulkanDevice[] };

/** More are a mistake. */
const mostDevices = 64;

export function parseVulkaninfo(text: string): VulkanSummary {
  const version = /^Vulkan Instance Version: (?<version>\d+(?:\.\d+){1,3})/mu.exec(text)?.groups?.['version'];
  const devices: VulkanDevice[] = [];
  const seen = new Set<string>();
  // `GPU0:` opens a device, `\tdeviceName = ...` tells of it.
  const sections = text.split(/^[ \t]*GPU(?=\d{1,2}:[ \t\r]*$)/mu).slice(1, mostDevices + 1);
  for (const section of sections) {
    const values = readValues(section);
    const uuid = values.get('deviceUUID');
    // A second driver for the same device, or the same driver once more: ggml leaves it out as well.
    if (uuid !== undefined && seen.has(uuid)) continue;
    if (uuid !== undefined) seen.add(uuid);
    const device = readDevice(Number.parseInt(section, 10), values);
    if (device !== undefined) devices.push(device);
  }
  return { ...(version !== undefined && { version }), devices };
}

function readValues(section: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of section.split('\n')) {
    const { name, value } = /^\s*(?<name>[A-Za-z]+)\s*=\s*(?<value>.+)$/u.exec(line)?.groups ?? {};
    if (name !== undefined && value !== undefined) values.set(name, printable(value));
  }
  return values;
}

function readDevice(index: number, values: ReadonlyMap<string, string>): VulkanDevice | undefined {
  const fullName = values.get('deviceName');
  if (fullName === undefined || fullName === '') return undefined;
  const pciId = pciIdOf(values);
  const driver = driverOf(values);
  return {
    index,
    // Windows' own driver in WSL tells what it stands in front of.
    name: /^Microsoft Direct3D12 \((?<name>.+)\)$/u.exec(fullName)?.groups?.['name'] ?? fullName,
    kind: kindOf(values.get('deviceType') ?? '', fullName),
    ...(pciId !== undefined && { pciId }),
    ...(driver !== undefined && { driver }),
  };
}

function kindOf(type: string, name: string): VulkanDevice['kind'] {
  if (type.endsWith('_TYPE_CPU') || /llvmpipe|lavapipe|swiftshader/iu.test(name)) return 'software';
  if (type.endsWith('_DISCRETE_GPU')) return 'discrete';
  if (type.endsWith('_INTEGRATED_GPU')) return 'integrated';
  return type.endsWith('_VIRTUAL_GPU') ? 'virtual' : 'other';
}

function pciIdOf(values: ReadonlyMap<string, string>): string | undefined {
  const part = (name: string): string | undefined =>
    /^0x(?<id>[0-9a-f]{4})$/iu.exec(values.get(name) ?? '')?.groups?.['id']?.toLowerCase();
  const [vendor, device] = [part('vendorID'), part('deviceID')];
  return vendor === undefined || device === undefined ? undefined : `${vendor}:${device}`;
}

function driverOf(values: ReadonlyMap<string, string>): string | undefined {
  const info = values.get('driverInfo');
  if (info === undefined) return values.get('driverName');
  // `Mesa 25.2.8-0ubuntu0.24.04.1`, `26.5.1 (AMD proprietary shader compiler)`
  const version = /^(?:Mesa )?\d+(?:\.\d+)*/u.exec(info)?.[0] ?? info;
  return values.get('driverID') === 'DRIVER_ID_MESA_DOZEN' ? `Dozen (${version})` : version;
}
