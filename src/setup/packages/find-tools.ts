/**
 * Which programs this machine lacks. A program counts as present when it answers to its version flag: one that lies on PATH but
 * does not start is as good as missing.
 */
import { AppError } from '../../app-error.ts';
import { runChild } from '../../run-child.ts';

export const runtimeTools = ['ffmpeg', 'ffprobe'] as const;
export const buildTools = ['cmake', 'ninja', 'C compiler', 'C++ compiler'] as const;
export type Tool = (typeof runtimeTools)[number] | (typeof buildTools)[number];

export const isRuntimeTool = (tool: Tool): boolean => runtimeTools.some((runtimeTool) => runtimeTool === tool);

/** Any one of the commands will do. */
const commandsOf: Record<Tool, readonly string[]> = {
  ffmpeg: ['ffmpeg -version'],
  ffprobe: ['ffprobe -version'],
  cmake: ['cmake --version'],
  // Ninja goes on after a crash where make would take a half-written object for a finished one, so it is what gets installed.
  ninja: ['ninja --version', 'make --version'],
  'C compiler': ['cc --version', 'gcc --version', 'clang --version'],
  'C++ compiler': ['c++ --version', 'g++ --version', 'clang++ --version'],
};

const answerWithinMs = 20_000;

/** True when the program starts and ends well. */
export async function answers(command: string, signal: AbortSignal): Promise<boolean> {
  const [file = '', ...args] = command.split(' ');
  try {
    const end = await runChild({ file, args, signal, timeoutMs: answerWithinMs });
    signal.throwIfAborted();
    return end.exitCode === 0;
  } catch (error) {
    if (error instanceof AppError && error.code === 'STT_TOOL_MISSING') return false;
    throw error;
  }
}

async function isPresent(tool: Tool, signal: AbortSignal): Promise<boolean> {
  for (const command of commandsOf[tool]) if (await answers(command, signal)) return true;
  return false;
}

export async function findMissingTools(tools: readonly Tool[], signal: AbortSignal): Promise<Tool[]> {
  const present = await Promise.all(tools.map((tool) => isPresent(tool, signal)));
  return tools.filter((_, index) => !present[index]);
}
