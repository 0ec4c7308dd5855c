/** What is known of a machine, for people and for decisions. Types only; see read-machine. */
import type { PackageManager } from '../packages/packages.ts';

export type OperatingSystem = {
  platform: 'linux' | 'darwin' | 'win32';
  /** `ID` of os-release: `fedora`, `ubuntu`; `macos`, `windows`. */
  id: string;
  /** `ID_LIKE`: `rhel`, `fedora`, `debian`. */
  like: readonly string[];
  /** `VERSION_ID`: `43`, `9.4`; empty where there is none (Arch). */
  version: string;
  /** For people: `Fedora Linux 43 (Workstation Edition)`. */
  name: string;
};

export type Gpu = {
  vendor: 'nvidia' | 'amd' | 'intel' | 'apple' | 'other';
  name: string;
  /** Vendor and device: `8086:9a49`; undefined where no bus tells it. */
  pciId?: string;
  /** Its own memory, or what the driver says; undefined where nobody says. */
  memoryBytes?: number;
  /** Version of the driver in use, `550.54.14` or `Mesa 25.2.8`; undefined: no driver, or not known. */
  driver?: string;
  /** What Linux has bound to it: `amdgpu`, `i915`, `nouveau`, `vfio-pci`. */
  kernelDriver?: string;
  /** NVIDIA only: `8.6`. */
  computeCapability?: string;
  /** Shares the machine's memory. */
  isIntegrated: boolean;
  /** Can be used through Vulkan: vulkaninfo lists it. */
  hasVulkan: boolean;
  /** Its place in vulkaninfo's list, which is ggml's too. */
  vulkanIndex?: number;
  /** What Vulkan reaches it with: `Mesa 25.2.8`, or in WSL `Dozen (Mesa 25.2.8)`. */
  vulkanDriver?: string;
};

export type Machine = {
  os: OperatingSystem;
  packageManager: PackageManager | undefined;
  /** Where this runs: on the machine itself, or in something that stands between. */
  surroundings: 'plain' | 'container' | 'distrobox' | 'toolbox' | 'wsl';
  /** A single-board computer by its name: `Raspberry Pi 5 Model B Rev 1.0`. */
  board?: string;
  cpu: {
    model: string;
    /** As Node.js calls it: `x64`, `arm64`. */
    architecture: string;
    physicalCores: number;
    /** With hyper-threads, as far as this process may use them. */
    processors: number;
    /** Those that ggml makes use of, in lower case: `avx2`, `avx512f`, `f16c`, `neon`. */
    features: readonly string[];
  };
  /** What this process may use: the machine's, or the limit of its container. */
  memoryBytes: number;
  /** Free for this user where the data folder lies. */
  diskFreeBytes: number;
  /** Real ones; Mesa's software device is not among them. */
  gpus: readonly Gpu[];
  /** The processor as a Vulkan device (llvmpipe): for trying things out. */
  softwareVulkan?: { name: string; vulkanIndex: number };
  /** vulkaninfo is here: a GPU that it does not list has no Vulkan driver. Else nobody knows. */
  canListVulkan: boolean;
  /** Versions of what is there to build with: `13.0`; undefined: it is not there. */
  toolkits: {
    nvcc?: string;
    /** Where nvcc is when it is not on PATH. */
    nvccFile?: string;
    rocm?: string;
    openvino?: string;
    /** Of the loader, as vulkaninfo says. */
    vulkan?: string;
    glslc?: boolean;
  };
  devices: { dri: readonly string[]; kfd: boolean; nvidia: boolean };
  /** Programs that were asked and did not answer, and why: `nvidia-smi: couldn't communicate with the driver`. */
  troubles: readonly string[];
};
