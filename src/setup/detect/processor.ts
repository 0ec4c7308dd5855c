/** The processor by its name, and those of its features that ggml has code for. Pure. */
import { printable } from '../../printable.ts';
import type { Machine } from './machine.ts';
import type { MachineFacts } from './machine-facts.ts';

/** As Linux calls them; the second name is what people call it. */
const ggmlFeatures: Readonly<Record<string, string>> = {
  avx: 'avx',
  avx2: 'avx2',
  fma: 'fma',
  f16c: 'f16c',
  bmi2: 'bmi2',
  avx_vnni: 'avx_vnni',
  avx512f: 'avx512f',
  avx512vbmi: 'avx512vbmi',
  avx512_vnni: 'avx512_vnni',
  avx512_bf16: 'avx512_bf16',
  amx_int8: 'amx_int8',
  asimd: 'neon',
  neon: 'neon',
  asimddp: 'dotprod',
  asimdhp: 'fp16',
  i8mm: 'i8mm',
  sve: 'sve',
  sme: 'sme',
};

/** macOS tells no features of its own chips; these all of them have. */
const appleSilicon = ['neon', 'dotprod', 'fp16'];

export function readProcessor(facts: MachineFacts): Machine['cpu'] {
  const { cpu, platform, architecture, processors } = facts;
  const flags = new Set(cpu.flags.toLowerCase().split(/\s+/u));
  const found = Object.entries(ggmlFeatures).flatMap(([flag, name]) => (flags.has(flag) ? [name] : []));
  const isApple = platform === 'darwin' && architecture === 'arm64';
  return {
    model: plainModel(cpu.model),
    architecture,
    // A container may be given fewer than there are; one that nobody can count has at least one.
    physicalCores: Math.max(1, Math.floor(cpu.physicalCores) || processors),
    processors,
    features: [...new Set(isApple ? [...appleSilicon, ...found] : found)],
  };
}

/** `11th Gen Intel(R) Core(TM) i7-1165G7 @ 2.80GHz` is for lawyers. */
function plainModel(model: string): string {
  const plain = printable(model.replaceAll(/\((?:R|TM)\)|[®™]|\bCPU\b|@.*$/giu, ' '));
  return plain === '' ? 'unknown processor' : plain;
}
