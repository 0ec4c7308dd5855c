/** What a worker needs of its machine, by backend: programs, headers and drivers. Names are for people; see whisper/packages.json. */
import type { Backend } from '../../backend.ts';

export const needs = [
  'ffmpeg',
  'ffprobe',
  'cmake',
  'ninja',
  'C compiler',
  'C++ compiler',
  'pkg-config',
  'OpenBLAS',
  'CUDA toolkit',
  'Vulkan headers and loader',
  'glslc',
  'SPIRV-Headers',
  'Vulkan driver',
  'OpenVINO toolkit',
  'Intel OpenCL driver',
  'Python with venv',
] as const;
export type Need = (typeof needs)[number];

export type Plans = {
  /** An engine is to be built; else there is one. */
  toBuild: boolean;
  /** It is to transcribe here. False: it is built for elsewhere. */
  toRun?: boolean;
  /** Names of the ways in which it is built, where there are several: `plain`, `openblas`. */
  variants: readonly string[];
  /** A model is to be converted for OpenVINO, by an engine that is there. */
  toConvert?: boolean;
  /** OpenVINO is to compute on Intel's graphics. */
  onIntelGraphics?: boolean;
  /** What the person tells cmake, `NAME=VALUE`: who says where something is needs no package for it. */
  definitions?: readonly string[];
};

/** The names by which cmake is told where something is. */
const definedBy: Partial<Record<Need, RegExp>> = {
  'C compiler': /^CMAKE_C_COMPILER$/u,
  'C++ compiler': /^CMAKE_CXX_COMPILER$/u,
  OpenBLAS: /^(BLAS_LIBRARIES|CMAKE_PREFIX_PATH)$/u,
  'CUDA toolkit': /^(CUDAToolkit_ROOT|CMAKE_CUDA_COMPILER)$/u,
  'Vulkan headers and loader': /^(Vulkan_INCLUDE_DIR|CMAKE_PREFIX_PATH)$/u,
  glslc: /^(Vulkan_GLSLC_EXECUTABLE|CMAKE_PREFIX_PATH)$/u,
  'SPIRV-Headers': /^(SPIRV-Headers_DIR|CMAKE_PREFIX_PATH)$/u,
};

export function needsOf(backend: Backend, plans: Plans): Need[] {
  return [
    ...(plans.toRun === false ? [] : needsToRun(backend, plans)),
    ...(plans.toBuild ? needsToBuild(backend, plans) : []),
    ...(backend === 'openvino' && plans.toConvert && !plans.toBuild ? (['Python with venv'] as const) : []),
  ];
}

function needsToRun(backend: Backend, { onIntelGraphics }: Plans): Need[] {
  const common: Need[] = ['ffmpeg', 'ffprobe'];
  if (backend === 'vulkan') return [...common, 'Vulkan driver'];
  if (backend === 'openvino' && onIntelGraphics) return [...common, 'Intel OpenCL driver'];
  return common;
}

const needsOfBackend: Record<Backend, readonly Need[]> = {
  cpu: [],
  cuda: ['CUDA toolkit'],
  vulkan: ['Vulkan headers and loader', 'glslc', 'SPIRV-Headers'],
  // The toolkit itself comes from PyPI where the system has none that will do.
  openvino: ['Python with venv'],
  metal: [],
};

function needsToBuild(backend: Backend, { variants, definitions = [] }: Plans): Need[] {
  const common: Need[] = ['cmake', 'ninja', 'C compiler', 'C++ compiler'];
  const openBlas: Need[] = variants.includes('openblas') ? ['pkg-config', 'OpenBLAS'] : [];
  const names = definitions.map((definition) => definition.replace(/[:=].*$/su, ''));
  return [...common, ...openBlas, ...needsOfBackend[backend]].filter(
    (need) => !names.some((name) => definedBy[need]?.test(name)),
  );
}
