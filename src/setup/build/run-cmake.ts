/** One configuring and one building with cmake, with progress, and what to tell a person when either fails. */
import type { AppError } from '../../app-error.ts';
import { startProgress } from '../../progress.ts';
import type { ChildEnd } from '../../run-child.ts';
import type { OperatingSystem } from '../detect/machine.ts';
import type { BuildPlan } from '../engines/engine-record.ts';
import { explainBuildFailure } from './build-failure.ts';
import {
  buildArguments,
  buildProgress,
  configureArguments,
  type Definitions,
  type Generator,
  ninjaStatus,
} from './cmake-arguments.ts';
import { type LoggedSurroundings, runLogged } from './run-logged.ts';

export type BuildRequest = LoggedSurroundings & {
  /** whisper.cpp's tree; `build/` is made in it. */
  folder: string;
  plan: BuildPlan;
  jobs: number;
  /** Where things lie on this machine; of no account for what the engine is. */
  localDefinitions?: Definitions;
  /** From the recipe. */
  cleanBuild?: boolean | undefined;
  /** For what to install after a failure. */
  os?: OperatingSystem | undefined;
  say: (line: string) => void;
};

/** @returns what went wrong, or undefined. */
export async function configure(
  request: BuildRequest,
  definitions: Definitions,
  generator: Generator | undefined,
): Promise<AppError | undefined> {
  const { end, telling } = await runCmake(request, configureArguments(request.folder, { definitions }, generator));
  return end.exitCode === 0 ? undefined : explainBuildFailure('configured', end, telling, request);
}

/** @returns what went wrong, or undefined. */
export async function compile(
  request: BuildRequest,
  targets: readonly string[],
  title: string,
): Promise<AppError | undefined> {
  const { folder, jobs } = request;
  using progress = startProgress(title);
  let furthest = 0;
  const { end, telling } = await runCmake(request, buildArguments(folder, { targets }, jobs), (line) => {
    const now = buildProgress(line);
    if (now === undefined) return;
    // make counts each target anew; a bar that goes back, or says 100 % too early, helps nobody.
    furthest = Math.max(furthest, Math.min(now.fraction, 0.99));
    progress.update(furthest, now.note);
  });
  if (end.exitCode !== 0) return explainBuildFailure('built', end, telling, request);
  progress.update(1, '');
  return undefined;
}

/** Other compilers go on for a while after one has failed: what it said may be far above the end. */
const tellingLine = /\b(?:error|fatal|failed|killed|cannot|could not|not found|no such file)\b/iu;
const mostTellingLines = 40;

async function runCmake(
  request: BuildRequest,
  args: string[],
  onLine?: (line: string) => void,
): Promise<{ end: ChildEnd; telling: string }> {
  const telling: string[] = [];
  const end = await runLogged(request, {
    file: 'cmake',
    args,
    env: { NINJA_STATUS: ninjaStatus },
    onLine: (line) => {
      if (telling.length < mostTellingLines && tellingLine.test(line)) telling.push(line);
      onLine?.(line);
    },
  });
  return { end, telling: telling.join('\n') };
}
