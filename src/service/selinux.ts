/**
 * Where SELinux is on, systemd may only start what is labelled as a program (`bin_t`). Below /usr everything is; a Node.js in a home or
 * in /opt is not. What is to be done about that depends on the tools that are there.
 */
import { readFile } from 'node:fs/promises';
import { AppError, messageOf, systemErrorCode } from '../app-error.ts';
import { commandLine } from '../command-line.ts';
import { exitCodes } from '../exit-codes.ts';
import { at, type Host } from './host.ts';
import { hasProgram, run, type Step, tryProgram } from './service-steps.ts';

export type Selinux =
  | { mode: 'off' }
  /** `why` it cannot be told. */
  | { mode: 'unknown'; why: string }
  | {
      mode: 'enforcing' | 'permissive';
      tools: ReadonlySet<LabelTool>;
      /** Whether systemd may start this Node.js as it is. */
      mayStart: boolean;
    };

type LabelTool = 'semanage' | 'restorecon' | 'chcon';

/** @param program this Node.js, where it really lies. */
export async function lookAtSelinux(host: Host, program: string, signal: AbortSignal): Promise<Selinux> {
  const read = await modeOfKernel(host);
  const mode = typeof read === 'string' ? read : await askMode(host, signal);
  if (mode === undefined) return typeof read === 'object' ? { mode: 'unknown', ...read } : { mode: 'off' };
  const tools: readonly LabelTool[] = ['semanage', 'restorecon', 'chcon'];
  const there = await Promise.all(tools.map((tool) => hasProgram(tool, signal, host)));
  const label = await tryProgram('stat', ['-c', '%C', at(host, program)], signal);
  return {
    mode,
    tools: new Set(tools.filter((_, index) => there[index])),
    mayStart: program.startsWith('/usr/') || /:(?:bin_t|\w+_exec_t):/u.test(label?.stdout ?? ''),
  };
}

type Mode = 'enforcing' | 'permissive';

/** Undefined: this kernel has none. */
async function modeOfKernel(host: Host): Promise<Mode | { why: string } | undefined> {
  try {
    const enforce = await readFile(at(host, '/sys/fs/selinux/enforce'), 'utf8');
    return enforce.trim() === '1' ? 'enforcing' : 'permissive';
  } catch (error) {
    return systemErrorCode(error) === 'ENOENT' ? undefined : { why: messageOf(error) };
  }
}

async function askMode(host: Host, signal: AbortSignal): Promise<Mode | undefined> {
  const said = (await tryProgram('getenforce', [], signal, { host }))?.stdout.trim().toLowerCase();
  return said === 'enforcing' || said === 'permissive' ? said : undefined;
}

export type Labelling = {
  steps: Step[];
  /** Remembered in the unit, since a rule stays when the file is gone. */
  labelled: string | undefined;
  problem?: AppError;
};

export function labelProgram(selinux: Selinux, program: string): Labelling {
  if (selinux.mode === 'off' || selinux.mode === 'unknown' || selinux.mayStart)
    return { steps: [], labelled: undefined };
  const { tools } = selinux;
  if (tools.has('semanage') && tools.has('restorecon')) {
    const rule = labelRule(program);
    return {
      steps: [
        { ...run('semanage', 'fcontext', '-a', '-t', 'bin_t', rule), otherwise: '' },
        // Where the rule was there already, perhaps with another label.
        run('semanage', 'fcontext', '-m', '-t', 'bin_t', rule),
        run('restorecon', '-v', program),
      ],
      labelled: program,
    };
  }
  // It lasts until the next relabelling.
  if (tools.has('chcon')) return { steps: [run('chcon', '-t', 'bin_t', program)], labelled: undefined };
  return { steps: [], labelled: undefined, problem: cannotLabel(selinux.mode, program) };
}

/** What `labelProgram` did. */
export function unlabelProgram(program: string): Step[] {
  return [
    { ...run('semanage', 'fcontext', '-d', labelRule(program)), otherwise: '' },
    { ...run('restorecon', '-v', program), otherwise: '' },
  ];
}

/** After files were written: a file takes the label of the folder that it is made in, which is not always its own. */
export function relabel(selinux: Selinux, files: readonly string[]): Step[] {
  if (selinux.mode === 'off' || selinux.mode === 'unknown') return [];
  if (!selinux.tools.has('restorecon') || files.length === 0) return [];
  return [{ ...run('restorecon', ...files), otherwise: `SELinux labels of ${files.join(', ')} could not be set.` }];
}

/** @returns what to say where nobody can tell whether it is on. */
export function selinuxWarning(selinux: Selinux, program: string): string | undefined {
  if (selinux.mode !== 'unknown' || program.startsWith('/usr/')) return undefined;
  return `Whether SELinux is on cannot be told (${selinux.why}), and nothing was labelled. If it is on and systemd may not start ${program}: ${labelCommands(program)}`;
}

/** A rule is a regular expression for whole paths. */
const labelRule = (program: string): string => program.replaceAll(/[\\^$.*+?()[\]{}|]/gu, String.raw`\$&`);

const labelCommands = (program: string): string =>
  [
    ['sudo', 'semanage', 'fcontext', '-a', '-t', 'bin_t', labelRule(program)],
    ['sudo', 'restorecon', '-v', program],
  ]
    .map(commandLine)
    .join(' && ');

function cannotLabel(mode: string, program: string): AppError {
  return new AppError(`SELinux is ${mode}, and systemd may not start ${program}: it is not labelled as a program.`, {
    code: 'STT_SELINUX',
    hint: `Label it: ${labelCommands(program)} (of the package policycoreutils-python-utils), or install Node.js by a package, which lies below /usr.`,
    exitCode: exitCodes.unavailable,
  });
}
