/** What cmake is told, and what its output says about how far it is. Pure. */
import { AppError } from '../../app-error.ts';
import { exitCodes } from '../../exit-codes.ts';
import type { BuildPlan, BuildVariant } from '../engines/engine-record.ts';

export type Generator = 'Ninja' | 'Unix Makefiles';

export type Definitions = Readonly<Record<string, string>>;

/** @param generator Undefined where a build folder has chosen already. */
export function configureArguments(
  folder: string,
  plan: { definitions: Definitions },
  generator: Generator | undefined,
): string[] {
  return [
    '-S',
    folder,
    '-B',
    `${folder}/build`,
    ...(generator === undefined ? [] : ['-G', generator]),
    ...Object.entries(plan.definitions).map(([name, value]) => `-D${name}=${value}`),
  ];
}

export function buildArguments(folder: string, plan: { targets: readonly string[] }, jobs: number): string[] {
  return ['--build', `${folder}/build`, '--target', ...plan.targets, '--parallel', String(jobs)];
}

/**
 * All that shapes one program: the plan's, the variant's, and where things lie on this machine.
 * @param local What the plan itself says of a name counts more.
 */
export function allDefinitions(plan: BuildPlan, variant?: BuildVariant, local: Definitions = {}): Definitions {
  return { ...local, ...plan.definitions, ...variant?.definitions };
}

/** Of a variant that is only to be compared with another one, the program that is timed. */
export const timedTarget = 'whisper-cli';

/** Every call of cmake for a whole build, as argument lists, in order; those that come later only if they must are not among them. */
export function cmakeCommands(
  folder: string,
  plan: BuildPlan,
  options: { generator: Generator; jobs: number; local?: Definitions },
): string[][] {
  const variants = plan.variants ?? [undefined];
  return variants.flatMap((variant, index) => [
    configureArguments(folder, { definitions: allDefinitions(plan, variant, options.local) }, options.generator),
    buildArguments(folder, { targets: index === 0 ? plan.targets : [timedTarget] }, options.jobs),
  ]);
}

/** Makes Ninja print what make prints: `[ 42%]`. */
export const ninjaStatus = '[%p] ';

/** `[ 42%] Building CXX object src/a.cpp.o` -> 0.42 and `a.cpp`. */
export function buildProgress(line: string): { fraction: number; note?: string } | undefined {
  const percent = /^\[ *(\d{1,3})%\]/u.exec(line)?.[1];
  if (percent === undefined) return undefined;
  const note = /([^\s/]+)\.o(?:bj)?$/u.exec(line)?.[1];
  return { fraction: Math.min(Number(percent), 100) / 100, ...(note === undefined ? {} : { note }) };
}

/** Reads `NAME=VALUE` pairs. @throws AppError STT_CMAKE_DEFINE, exit code 2. */
export function readDefinitions(given: readonly string[]): Definitions {
  const pairs = given.map((text): [string, string] => {
    const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/su.exec(text) ?? [];
    if (name !== undefined && value !== undefined) return [name, value];
    throw new AppError(`"${text}" is not a definition for cmake.`, {
      code: 'STT_CMAKE_DEFINE',
      hint: 'Write it like --cmake-define GGML_NATIVE=OFF.',
      exitCode: exitCodes.usage,
    });
  });
  return Object.fromEntries(pairs);
}

const gibibyte = 1024 ** 3;

/** What compilers take: one of them on the largest file, each of the others. */
export type CompilerMemory = { largestBytes: number; perJobBytes: number };

/** One compiler per processor, but no more than memory allows; always one, even where memory will hardly do. */
export function defaultJobs(
  processors: number,
  memoryBytes: number,
  { largestBytes, perJobBytes }: CompilerMemory = { largestBytes: gibibyte, perJobBytes: gibibyte },
): number {
  const besideTheLargest = Math.floor((memoryBytes - largestBytes) / perJobBytes);
  return Math.max(1, Math.min(processors, 1 + besideTheLargest));
}
