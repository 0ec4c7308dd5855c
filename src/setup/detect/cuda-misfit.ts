/** Whether what a CUDA toolkit compiles runs on a card with its driver. Pure. */
import { findCudaTrouble } from '../build/cuda-architectures.ts';
import type { Gpu } from './machine.ts';

/** The oldest that ggml's CUDA code is written for. */
export const oldestCapability = '5.0';

/** Main release of the toolkit -> the oldest driver that runs its programs: NVIDIA's table. */
const oldestDrivers: Readonly<Record<number, number>> = { 11: 450, 12: 525, 13: 580 };

/** @returns why not, a sentence; undefined: it does, or nobody knows. */
export function cudaMisfit(toolkit: string, gpu: Gpu): string | undefined {
  const trouble = findCudaTrouble([gpu], toolkit, {});
  if (trouble !== undefined) return `${gpu.name}: ${trouble.reason}`;
  const oldest = oldestDrivers[Number.parseInt(toolkit, 10)];
  if (oldest === undefined || gpu.driver === undefined || Number.parseInt(gpu.driver, 10) >= oldest) return undefined;
  return `${gpu.name}: CUDA ${toolkit} needs driver ${oldest} or newer, and this is ${gpu.driver}.`;
}

/** Of numbers with points: `8.10` is newer than `8.9`. */
export function isOlder(version: string, than: string): boolean {
  return version.localeCompare(than, 'en', { numeric: true }) < 0;
}
