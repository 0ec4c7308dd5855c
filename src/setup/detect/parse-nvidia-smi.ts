/** Reads nvidia-smi's table: index, name, driver, MiB, and compute capability where the driver knows of it. Pure. */
import { printable } from '../../printable.ts';

export type NvidiaCard = { name: string; driver?: string; memoryBytes?: number; computeCapability?: string };

/** More are a mistake. */
const mostCards = 64;

/** @param text `0, NVIDIA GeForce RTX 3090, 550.54.14, 24576, 8.6`, a line for each card; `[N/A]` where it does not know. */
export function parseNvidiaSmi(text: string): NvidiaCard[] {
  return text
    .split('\n')
    .flatMap((line) => readCard(line.trim()))
    .slice(0, mostCards);
}

function readCard(line: string): NvidiaCard[] {
  const fields = /^\d+, (?<name>[^,]+), (?<driver>[^,]+), (?<memory>[^,]+)(?:, (?<capability>[^,]+))?$/u.exec(line);
  const { name, driver, memory, capability } = fields?.groups ?? {};
  if (name === undefined) return [];
  const mib = /^\d{1,9}$/u.test(memory ?? '') ? Number(memory) : undefined;
  return [
    {
      name: printable(name),
      ...(/^\d+(?:\.\d+)+$/u.test(driver ?? '') && { driver: driver ?? '' }),
      ...(mib !== undefined && { memoryBytes: mib * 2 ** 20 }),
      ...(/^\d{1,2}\.\d$/u.test(capability ?? '') && { computeCapability: capability ?? '' }),
    },
  ];
}
