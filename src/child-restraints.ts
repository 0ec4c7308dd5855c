/**
 * What a child may use, and that it goes when we do: command lines of setpriv and prlimit (util-linux) and of nice, put in front of
 * the program. Each makes itself into the program it starts, so the process id, the group and the end stay the child's own. Pure.
 */

export type ChildLimits = {
  /** Address space of each process. Not for engines on a GPU: its driver maps far more than it uses. */
  memoryBytes?: number;
  /** Of each file it writes. Beyond: SIGXFSZ. */
  fileBytes?: number;
  /** CPU time of each process. Beyond: SIGXCPU. */
  cpuSeconds?: number;
};

/** The programs as found on this machine; absent where they are not there or do not work. */
export type RestrainingPrograms = {
  setpriv?: string | undefined;
  prlimit?: string | undefined;
  nice?: string | undefined;
};

export type Restraints = {
  diesWithParent?: boolean | undefined;
  limits?: ChildLimits | undefined;
  /** 1 to 19. */
  niceness?: number | undefined;
};

/** What shows that a program is there and can do it: busybox has a setpriv that cannot, and a sandbox may forbid it. */
export const probes = {
  setpriv: ['--pdeathsig', 'KILL', '--', 'true'],
  prlimit: ['--core=0', '--', 'true'],
  nice: ['-n', '1', 'true'],
} as const satisfies Record<keyof RestrainingPrograms, readonly string[]>;

/** @returns what to start instead of `file` with `args`. */
export function restrainedCommand(
  command: { file: string; args: readonly string[] },
  { diesWithParent, limits, niceness }: Restraints,
  { setpriv, prlimit, nice }: RestrainingPrograms,
): { file: string; args: readonly string[] } {
  const words = [
    ...(diesWithParent === true && setpriv !== undefined ? [setpriv, '--pdeathsig', 'KILL', '--'] : []),
    ...(limits !== undefined && prlimit !== undefined ? [prlimit, ...limitArguments(limits), '--'] : []),
    ...(niceness !== undefined && nice !== undefined ? [nice, '-n', String(niceness)] : []),
    command.file,
  ];
  const [file = command.file, ...before] = words;
  return { file, args: [...before, ...command.args] };
}

function limitArguments({ memoryBytes, fileBytes, cpuSeconds }: ChildLimits): string[] {
  return [
    // No core dumps: they hold people's recordings, and fill disks.
    '--core=0',
    ...(memoryBytes === undefined ? [] : [`--as=${Math.ceil(memoryBytes)}`]),
    ...(fileBytes === undefined ? [] : [`--fsize=${Math.ceil(fileBytes)}`]),
    // The second number kills, for who does not heed the first.
    ...(cpuSeconds === undefined ? [] : [`--cpu=${Math.ceil(cpuSeconds)}:${Math.ceil(cpuSeconds) + 5}`]),
  ];
}

/** `prlimit: failed to execute /x: ...`, `nice: '/x': No such file or directory`: they started, the program did not. */
export function saysNotStarted(lastWords: string): boolean {
  return /^\S*(?:(?:setpriv|prlimit): failed to execute |nice: )/mu.test(lastWords);
}
