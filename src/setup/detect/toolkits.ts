/** What is there to build with, and in which version. Pure. */
import type { Machine } from './machine.ts';
import type { MachineFacts, ProgramAnswer } from './machine-facts.ts';
import { parseVulkaninfo } from './parse-vulkaninfo.ts';

export function readToolkits({ programs, texts, folders }: MachineFacts): Machine['toolkits'] {
  // "Cuda compilation tools, release 13.0, V13.0.88"
  const nvcc = find(programs.nvcc, /\brelease (?<version>\d{1,2}\.\d{1,2})\b/u);
  const nvccFile = programs.nvcc.kind === 'answered' ? programs.nvcc.file : 'nvcc';
  // "HIP version: 6.2.41133-dd7f95766"; the file of ROCm's own says "6.2.0-66".
  const rocm =
    versionIn(texts['/opt/rocm/.info/version']) ?? find(programs.hipcc, /\bHIP version: (?<version>\d+(?:\.\d+)+)/u);
  const openvino =
    find(programs['pkg-config openvino'], /^(?<version>\d+(?:\.\d+)+)/u) ??
    versionIn(texts['/opt/intel/openvino/runtime/version.txt']) ??
    folders['/opt/intel']
      ?.map((name) => /^openvino_(?<version>\d+(?:\.\d+)*)/u.exec(name)?.groups?.['version'])
      .find(Boolean);
  const vulkan =
    programs.vulkaninfo.kind === 'answered' ? parseVulkaninfo(programs.vulkaninfo.text).version : undefined;
  return {
    ...(nvcc !== undefined && { nvcc }),
    ...(nvcc !== undefined && /[\\/]/u.test(nvccFile) && { nvccFile }),
    ...(rocm !== undefined && { rocm }),
    ...(openvino !== undefined && { openvino }),
    ...(vulkan !== undefined && { vulkan }),
    ...(programs.glslc.kind === 'answered' && { glslc: true }),
  };
}

function find(answer: ProgramAnswer, pattern: RegExp): string | undefined {
  return answer.kind === 'answered' ? pattern.exec(answer.text)?.groups?.['version'] : undefined;
}

const versionIn = (text: string | undefined): string | undefined => /^\d+(?:\.\d+)+/u.exec(text ?? '')?.[0];
