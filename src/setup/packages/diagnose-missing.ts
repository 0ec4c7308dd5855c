/**
 * Reads from the last lines of a failed build what stood in its way: a need that is missing, under the name that its package has on
 * this system, or something that no package mends. Pure.
 */
import type { OperatingSystem } from '../detect/machine.ts';
import { type Need, needs } from './needs.ts';
import { familyOf, type PackageTable, readPackageTable } from './package-table.ts';
import { packagesOf } from './plan-install.ts';

export type Diagnosis = { reason: string; hint: string; need?: Need };

/** @returns undefined where the lines say nothing that is known here. */
export function diagnoseBuild(
  outputTail: string,
  os: OperatingSystem | undefined,
  table: PackageTable = readPackageTable(),
): Diagnosis | undefined {
  // cmake breaks its sentences wherever a line is full.
  const text = outputTail.replaceAll(/\s+/gu, ' ');
  return diagnoseLimits(text) ?? diagnoseCuda(text, os, table) ?? diagnoseNeeds(text, os, table);
}

function diagnoseLimits(text: string): Diagnosis | undefined {
  if (/no space left on device|disk quota exceeded/iu.test(text)) {
    return { reason: 'The disk is full.', hint: 'Make room on the disk, then run "stt setup" again: it goes on.' };
  }
  if (
    /Killed signal terminated program|: Killed( |$)|memory exhausted|cc1plus: out of memory|bad_alloc|died due to signal 9/u.test(
      text,
    )
  ) {
    return {
      reason: 'The compiler ran out of memory.',
      hint: 'Run "stt setup --jobs 1", which needs the least, or give this machine more memory or swap.',
    };
  }
  return undefined;
}

/** The newest toolkits that still build for older cards. */
const lastToolkitFor = [
  { below: 50, toolkit: '11.8' },
  { below: 75, toolkit: '12.9' },
];

function diagnoseCuda(text: string, os: OperatingSystem | undefined, table: PackageTable): Diagnosis | undefined {
  const newestGcc = /unsupported GNU version! gcc versions later than (\d+)/u.exec(text)?.[1];
  if (newestGcc !== undefined) {
    const reason = `The CUDA toolkit takes gcc up to version ${newestGcc}, and this machine's is newer.`;
    return { reason, hint: hostCompilerHint(newestGcc, os, table) };
  }
  const architecture = /Unsupported gpu architecture 'compute_(\d+)/u.exec(text)?.[1];
  if (architecture !== undefined) return diagnoseArchitecture(architecture);
  if (/CUDA_ARCHITECTURES is set to "native", but no GPU was detected/u.test(text)) {
    return {
      reason: 'No NVIDIA GPU answers here, so cmake cannot tell what to build for.',
      hint: 'Name its compute capability, for 8.6: stt setup --backend cuda --cmake-define CMAKE_CUDA_ARCHITECTURES=86',
    };
  }
  return undefined;
}

function hostCompilerHint(gcc: string, os: OperatingSystem | undefined, table: PackageTable): string {
  const family = familyOf(os);
  const compiler = family === undefined ? undefined : table.hostCompilers[family];
  const fill = (text: string): string => text.replaceAll('{gcc}', gcc);
  const [bring, file] =
    compiler === undefined
      ? [`gcc ${gcc} beside it`, `/usr/bin/g++-${gcc}`]
      : [`the package ${fill(compiler.package)}`, fill(compiler.file)];
  return `Install ${bring}, then run: stt setup --backend cuda --cmake-define CMAKE_CUDA_HOST_COMPILER=${file}`;
}

function diagnoseArchitecture(architecture: string): Diagnosis {
  const capability = `${architecture.slice(0, -1)}.${architecture.slice(-1)}`;
  const last = lastToolkitFor.find(({ below }) => Number(architecture) < below)?.toolkit;
  const age = last === undefined ? 'old' : 'new';
  const toolkit = last === undefined ? 'a newer CUDA toolkit' : `CUDA ${last}, the last that knows it`;
  return {
    reason: `The CUDA toolkit is too ${age} for this card: it does not know compute capability ${capability}.`,
    hint: `Install ${toolkit} (https://developer.nvidia.com/cuda-toolkit-archive), or run "stt setup --backend vulkan".`,
  };
}

/** The first that matches is what is told. */
const complaints: readonly { says: RegExp; need: Need; isTooOld?: boolean }[] = [
  { says: /CMake \d[\d.]* or higher is required/u, need: 'cmake', isTooOld: true },
  { says: /unable to find a build program corresponding to/u, need: 'ninja' },
  { says: /No CMAKE_CXX_COMPILER could be found|CMAKE_CXX_COMPILER not set/u, need: 'C++ compiler' },
  { says: /No CMAKE_C_COMPILER could be found|CMAKE_C_COMPILER not set/u, need: 'C compiler' },
  { says: /Could NOT find Vulkan \(missing: [^)]*Vulkan_/u, need: 'Vulkan headers and loader' },
  { says: /Could NOT find Vulkan \(missing: [^)]*glslc/u, need: 'glslc' },
  {
    says: /is not a member of [‘']vk[’']|no member named '\w+' in namespace 'vk'/u,
    need: 'Vulkan headers and loader',
    isTooOld: true,
  },
  { says: /provided by "SPIRV-Headers"|SPIRV-HeadersConfig\.cmake/iu, need: 'SPIRV-Headers' },
  { says: /provided by "OpenVINO"|OpenVINOConfig\.cmake/u, need: 'OpenVINO toolkit' },
  { says: /Could NOT find PkgConfig/u, need: 'pkg-config' },
  { says: /Could NOT find BLAS|BLAS not found/u, need: 'OpenBLAS' },
  {
    says: /CUDA Toolkit not found|Could not find nvcc|Failed to find nvcc|No CMAKE_CUDA_COMPILER could be found|CUDA::\w+ but the target was not found/u,
    need: 'CUDA toolkit',
  },
];

function diagnoseNeeds(text: string, os: OperatingSystem | undefined, table: PackageTable): Diagnosis | undefined {
  const complaint = complaints.find(({ says }) => says.test(text));
  if (complaint !== undefined) {
    const verb = complaint.isTooOld ? 'is too old' : 'is missing, or not complete';
    return diagnoseNeed(complaint.need, `${complaint.need} ${verb}.`, os, table);
  }
  const header = /fatal error: '?([\w./+-]+?)'?(: No such file| file not found)/u.exec(text)?.[1];
  const library = /cannot find -l([\w+-]+)|library '([\w+-]+)' not found/u.exec(text)?.slice(1).find(Boolean);
  const need =
    needs.find((need) => header !== undefined && brings(table.needs[need].headers, header)) ??
    needs.find((need) => library !== undefined && table.needs[need].libraries.includes(library));
  if (need !== undefined) {
    const what = header === undefined ? `The library ${library}` : `The header ${header}`;
    return diagnoseNeed(need, `${what} is missing: it comes with ${need}.`, os, table);
  }
  if (header === undefined) return undefined;
  return {
    reason: `The header ${header} is missing.`,
    hint: 'Install the package that has it, then run "stt setup" again.',
  };
}

function brings(headers: readonly string[], header: string): boolean {
  return headers.some((brought) => (brought.endsWith('/') ? header.startsWith(brought) : header === brought));
}

function diagnoseNeed(need: Need, reason: string, os: OperatingSystem | undefined, table: PackageTable): Diagnosis {
  const family = familyOf(os);
  const names = packagesOf(need, os, table);
  const byHand = family === undefined ? undefined : table.needs[need].packages[family].hint;
  const install = names === undefined ? `Install ${need}.` : `Install or update: ${names.join(' ')}.`;
  const more = byHand === undefined ? [] : [byHand];
  return { need, reason, hint: [...(names === undefined && byHand !== undefined ? [] : [install]), ...more].join(' ') };
}
