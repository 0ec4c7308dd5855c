/**
 * What this machine's engine is told at each start besides the task: chosen when it was set up, kept in its `engine.json`. It takes the
 * place of patches to whisper.cpp's source.
 */
import { z } from 'zod';

export const runOptionsSchema = z.object({
  /** For whisper-cli: `-nfa`, or `-oved GPU`. */
  arguments: z.array(z.string()),
  /** ggml's own settings: `GGML_VK_DISABLE_COOPMAT=1`. What the user sets wins. */
  environment: z.record(z.string().regex(/^GGML_[A-Z0-9_]+$/u), z.string()),
  /** For people: why, a sentence each. */
  reasons: z.array(z.string()),
});
export type RunOptions = z.infer<typeof runOptionsSchema>;

export const plainRunOptions: RunOptions = { arguments: [], environment: {}, reasons: [] };

/** What the user says of the engine, over what set-up chose. */
export type RunChoices = {
  /** Undefined: as set-up chose. */
  flashAttention?: boolean | undefined;
  /** ggml's own settings among the user's variables. */
  engineEnvironment?: Readonly<Record<string, string>> | undefined;
};

const flashArguments = new Set(['-fa', '--flash-attn', '-nfa', '--no-flash-attn']);

export function withChoices(run: RunOptions, { flashAttention, engineEnvironment }: RunChoices): RunOptions {
  const others = run.arguments.filter((argument) => !flashArguments.has(argument));
  return {
    // Said both ways: releases differ in which of the two is the default.
    arguments: flashAttention === undefined ? run.arguments : [...others, flashAttention ? '-fa' : '-nfa'],
    environment: { ...run.environment, ...engineEnvironment },
    reasons: run.reasons,
  };
}
