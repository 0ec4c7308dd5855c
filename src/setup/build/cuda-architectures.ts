/**
 * For which NVIDIA cards an engine is compiled, and whether the CUDA toolkit that is there can do it. A toolkit knows only the cards
 * of its time: a build for one that it does not know fails after minutes, or gives an engine that finds no kernel to run. Pure.
 */
import type { Gpu } from '../detect/machine.ts';
import type { Definitions } from './cmake-arguments.ts';

/** The first toolkit with the C++ that whisper.cpp is written in. */
const oldestToolkit = '11.0';

/** Compute capability -> the first toolkit that compiles for it, where that is not the oldest one. */
const firstToolkits: Record<string, string> = {
  '8.6': '11.1',
  '8.7': '11.4',
  '8.8': '13.0',
  '8.9': '11.8',
  '9.0': '11.8',
  '10.0': '12.8',
  '10.1': '12.8',
  '10.3': '12.9',
  '11.0': '13.0',
  '12.0': '12.8',
  '12.1': '12.9',
};

type Range = { first: string; /** Undefined: none has dropped it yet. */ last: string | undefined };

/** Undefined: no toolkit that whisper.cpp can be built with. A capability that is newer than this table is left to nvcc. */
function toolkitsFor(capability: string): Range | undefined {
  if (isLess(capability, '3.5')) return undefined;
  return { first: firstToolkits[capability] ?? oldestToolkit, last: lastToolkitFor(capability) };
}

function lastToolkitFor(capability: string): string | undefined {
  if (isLess(capability, '5.0')) return '11.8';
  // 10.1 is called 11.0 since CUDA 13.
  return isLess(capability, '7.5') || capability === '10.1' ? '12.9' : undefined;
}

/** By their numbers: 12.9 < 13.0 and 9.0 < 10.0. */
function isLess(a: string, b: string): boolean {
  return order(a) < order(b);
}

function order(version: string): number {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major * 1000 + minor;
}

const nvidiaCards = (gpus: readonly Gpu[]): Gpu[] => gpus.filter(({ vendor }) => vendor === 'nvidia');

/** Each once, the oldest first. */
function capabilitiesOf(cards: readonly Gpu[]): string[] {
  const known = cards.flatMap(({ computeCapability }) => (computeCapability === undefined ? [] : [computeCapability]));
  return [...new Set(known)].toSorted((a, b) => order(a) - order(b));
}

/**
 * Code for the cards that are here and no other: with all that ggml could run on, the compiler works many times as long. Without a
 * card the engine is for another machine: then ggml's own list, for which `native` must be off, and with it the processor's code is
 * no longer for this processor alone. A card that does not say what it can do is asked by nvcc.
 */
export function cudaDefinitions(gpus: readonly Gpu[]): Definitions {
  const cards = nvidiaCards(gpus);
  if (cards.length === 0) return { GGML_NATIVE: 'OFF' };
  if (cards.some(({ computeCapability }) => computeCapability === undefined)) return {};
  return { CMAKE_CUDA_ARCHITECTURES: capabilitiesOf(cards).map(realCode).join(';') };
}

/** `8.6` -> `86-real`. Of 12.x ggml uses instructions that only the variant for exactly this card has. */
function realCode(capability: string): string {
  return `${capability.replace('.', '')}${capability.startsWith('12.') ? 'a' : ''}-real`;
}

/** What a person has chosen is not judged: they may know of a toolkit or an architecture that is not seen here. */
const chosenByHand = ['CMAKE_CUDA_ARCHITECTURES', 'CMAKE_CUDA_COMPILER'];

/**
 * @param nvcc Its version; undefined: not there yet, nothing to judge.
 * @returns why this toolkit cannot compile for these cards and what to install, or undefined.
 */
export function findCudaTrouble(
  gpus: readonly Gpu[],
  nvcc: string | undefined,
  given: Definitions,
): { reason: string; hint: string } | undefined {
  if (nvcc === undefined || chosenByHand.some((name) => name in given)) return undefined;
  const known = capabilitiesOf(nvidiaCards(gpus));
  const hopeless = known.find((capability) => toolkitsFor(capability) === undefined);
  if (hopeless !== undefined) {
    return {
      reason: `The card has compute capability ${hopeless}, for which whisper.cpp can no longer be built.`,
      hint: `${orOtherCard(known)}Use another backend: --backend vulkan or --backend cpu.`,
    };
  }
  const ranges = known.map((capability) => ({ capability, ...(toolkitsFor(capability) ?? noRange) }));
  const tooOldFor = ranges.findLast(({ first }) => isLess(nvcc, first));
  if (tooOldFor !== undefined) {
    const { capability, first } = tooOldFor;
    return {
      reason: `CUDA ${nvcc} is too old for this card: compute capability ${capability} needs CUDA ${first} or newer.`,
      hint: `${installHint(ranges)}${orOtherCard(known)}`.trimEnd(),
    };
  }
  if (isLess(nvcc, oldestToolkit)) {
    return {
      reason: `CUDA ${nvcc} is too old: whisper.cpp needs CUDA ${oldestToolkit} or newer.`,
      hint: installHint(ranges).trimEnd(),
    };
  }
  const tooNewFor = ranges.find(({ last }) => last !== undefined && isLess(minorless(last), minorless(nvcc)));
  if (tooNewFor === undefined) return undefined;
  const { capability, last } = tooNewFor;
  return {
    reason: `CUDA ${nvcc} is too new for this card: the last that knows compute capability ${capability} is CUDA ${last}.`,
    hint: `${installHint(ranges)}${orOtherCard(known)}`.trimEnd(),
  };
}

const noRange: Range = { first: oldestToolkit, last: undefined };

/** Cards are dropped by major versions only: 12.10, should it come, would know what 12.9 knows. */
const minorless = (version: string): string => `${version.split('.')[0] ?? ''}.0`;

function installHint(ranges: readonly Range[]): string {
  const first = ranges.map((range) => range.first).toSorted((a, b) => order(b) - order(a))[0] ?? oldestToolkit;
  const last = ranges.flatMap((range) => range.last ?? []).toSorted((a, b) => order(a) - order(b))[0];
  if (last !== undefined && isLess(last, first)) return 'No toolkit knows all the cards here. ';
  const wanted = last === undefined ? `${first} or newer` : `${first} to ${last}`;
  return (
    `Install CUDA ${wanted} (https://developer.nvidia.com/cuda-toolkit-archive); beside another one, name it with ` +
    `--cmake-define CMAKE_CUDA_COMPILER=/usr/local/cuda-${last ?? first}/bin/nvcc. `
  );
}

function orOtherCard(known: readonly string[]): string {
  const newest = known.at(-1);
  if (known.length < 2 || newest === undefined) return '';
  return `To build for one of the cards only: --cmake-define CMAKE_CUDA_ARCHITECTURES=${realCode(newest)}. `;
}
