/** What was found on a machine, word for word: JSON, so that a machine can be recorded and read elsewhere. Types only; see gather-facts. */

/** What came of asking a program. */
export type ProgramAnswer =
  | { kind: 'answered'; file: string; text: string }
  /** It is there; what it said instead, or how it ended. */
  | { kind: 'failed'; why: string }
  | { kind: 'missing' };

export type AskedProgram =
  'nvidia-smi' | 'nvcc' | 'vulkaninfo' | 'glslc' | 'hipcc' | 'pkg-config openvino' | 'lspci' | 'sw_vers';

/** A display adapter on the PCI bus, as Linux shows it without any driver: `10de`, `2204`. */
export type PciDisplay = {
  address: string;
  vendor: string;
  device: string;
  /** The kernel's driver for it; undefined: none has it. */
  driver?: string;
  /** What amdgpu says its memory is. */
  memoryBytes?: number;
};

/** As macOS and Windows tell it, through systeminformation. */
export type GraphicsController = { vendor: string; model: string; isBuiltIn: boolean; memoryMib?: number };

export type MachineFacts = {
  /** Node.js's words: `linux`, `x64`. */
  platform: string;
  architecture: string;
  /** `6.12.5-200.fc41.x86_64`. */
  kernel: string;
  /** `Windows 11 Pro`; elsewhere the kernel's own words. */
  systemName: string;
  cpu: { model: string; physicalCores: number; flags: string };
  processors: number;
  memoryTotalBytes: number;
  /** Of the container or service; undefined: none. */
  memoryLimitBytes?: number;
  diskFreeBytes?: number;
  programs: Readonly<Record<AskedProgram, ProgramAnswer>>;
  /** Package managers that PATH knows. */
  packageManagers: readonly string[];
  /** Small files by path: `/etc/os-release`. Only those that are there. */
  texts: Readonly<Record<string, string>>;
  /** Those of the looked-for paths that are there. */
  paths: readonly string[];
  /** What lies in a folder, by its path: `/dev/dri`. */
  folders: Readonly<Record<string, readonly string[]>>;
  pciDisplays: readonly PciDisplay[];
  graphics: readonly GraphicsController[];
  /** What systeminformation or the system did not tell, and why. */
  troubles: readonly string[];
};
