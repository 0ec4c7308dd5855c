/** What cmake is told, and what its output says about how far it is. Pure. */
import { AppError } from '../../app-error.ts';
import { exitCodes } from '../../exit-codes.ts';
import type { BuildPlan } from '../engines/engine-record.ts';

export type Generator = 'Ninja' | 'Unix Makefiles';

/** @param generator Undefined where a build folder has chosen already. */
export function configureArguments(folder: string, plan: BuildPlan, generator: Generator | undefined): string[] {
  return [
    '-S',
    folder,
    '-B',
    `${folder}/build`,
    ...(generator === undefined ? [] : ['-G', generator]),
    ...Object.entries(plan.definitions).map(([name, value]) => `-D${name}=${value}`),
  ];
}

export function buildArguments(folder: string, plan: BuildPlan, jobs: number): string[] {
  return ['--build', `${folder}/build`, '--target', ...plan.targets, '--parallel', String(jobs)];
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

/** `NAME=VALUE` pairs over the recipe's own. @throws AppError STT_CMAKE_DEFINE, exit code 2. */
export function withDefinitions(plan: BuildPlan, given: readonly string[]): BuildPlan {
  const pairs = given.map((text): [string, string] => {
    const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/su.exec(text) ?? [];
    if (name !== undefined && value !== undefined) return [name, value];
    throw new AppError(`"${text}" is not a definition for cmake.`, {
      code: 'STT_CMAKE_DEFINE',
      hint: 'Write it like --cmake-define GGML_NATIVE=OFF.',
      exitCode: exitCodes.usage,
    });
  });
  return { definitions: { ...plan.definitions, ...Object.fromEntries(pairs) }, targets: plan.targets };
}

/** One compiler takes up to a gigabyte on whisper.cpp's larger files. */
export function defaultJobs(processors: number, memoryBytes: number): number {
  return Math.max(1, Math.min(processors, Math.floor(memoryBytes / 1024 ** 3)));
}
