/** A machine on which nothing was found: recorded machines say what is different. */
import type { MachineFacts, ProgramAnswer } from '../machine-facts.ts';

const missing: ProgramAnswer = { kind: 'missing' };

export const bareMachine: MachineFacts = {
  platform: 'linux',
  architecture: 'x64',
  kernel: '6.12.0',
  systemName: '#1 SMP PREEMPT_DYNAMIC',
  cpu: { model: '', physicalCores: 0, flags: '' },
  processors: 1,
  memoryTotalBytes: 8e9,
  diskFreeBytes: 1e11,
  programs: {
    'nvidia-smi': missing,
    nvcc: missing,
    vulkaninfo: missing,
    glslc: missing,
    hipcc: missing,
    'pkg-config openvino': missing,
    lspci: missing,
    sw_vers: missing,
  },
  packageManagers: [],
  texts: {},
  paths: [],
  folders: {},
  pciDisplays: [],
  graphics: [],
  troubles: [],
};

/** What a program said, started by its name. */
export const said = (file: string, text: string): ProgramAnswer => ({ kind: 'answered', file, text });

/** `vulkaninfo --summary` with these devices, a list of `name = value` for each. */
export function vulkanSummary(version: string, devices: readonly Readonly<Record<string, string>>[]): ProgramAnswer {
  const blocks = devices.map((values, index) => {
    const lines = Object.entries(values).map(([name, value]) => `\t${name.padEnd(18)} = ${value}`);
    return [`GPU${index}:`, ...lines].join('\n');
  });
  const head = [
    '==========',
    'VULKANINFO',
    '==========',
    '',
    `Vulkan Instance Version: ${version}`,
    '',
    '',
    'Instance Extensions: count = 2',
    '------------------------------',
    'VK_EXT_debug_utils                     : extension revision 2',
    'VK_KHR_get_physical_device_properties2 : extension revision 2',
    '',
    'Instance Layers: count = 1',
    '--------------------------',
    'VK_LAYER_MESA_device_select Linux device selection layer 1.3.211  version 1',
    '',
    'Devices:',
    '========',
  ];
  return said('vulkaninfo', `${[...head, ...blocks].join('\n')}\n`);
}

/** Mesa's software device, which nearly every Linux lists last. */
export const llvmpipe = {
  apiVersion: '1.4.318',
  driverVersion: '25.2.8',
  vendorID: '0x10005',
  deviceID: '0x0000',
  deviceType: 'PHYSICAL_DEVICE_TYPE_CPU',
  deviceName: 'llvmpipe (LLVM 20.1.8, 256 bits)',
  driverID: 'DRIVER_ID_MESA_LLVMPIPE',
  driverName: 'llvmpipe',
  driverInfo: 'Mesa 25.2.8 (LLVM 20.1.8)',
  conformanceVersion: '1.3.1.1',
  deviceUUID: '6d657361-3235-2e32-2e38-000000000000',
  driverUUID: '6c6c766d-7069-7065-5555-494400000000',
};

export const nvccSays = (release: string): string =>
  [
    'nvcc: NVIDIA (R) Cuda compiler driver',
    'Copyright (c) 2005-2025 NVIDIA Corporation',
    'Built on Wed_Aug_20_01:58:59_PM_PDT_2025',
    `Cuda compilation tools, release ${release}, V${release}.88`,
    `Build cuda_${release}.r${release}/compiler.36424714_0`,
    '',
  ].join('\n');

export const glslcSays = 'shaderc v2025.3\nspirv-tools v2025.3\nglslang 15.4.0\n\nTarget: SPIR-V 1.0\n';

/** Some of what such a processor tells. */
export const avx2Flags = 'fpu sse sse2 ssse3 fma sse4_1 sse4_2 avx f16c rdrand avx2 bmi2';
export const avx512Flags = `${avx2Flags} avx512f avx512dq avx512bw avx512vl avx512vbmi avx512_vnni`;
export const arm64Flags =
  'fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp';
