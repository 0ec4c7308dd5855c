/** One yes-or-no question on the terminal. Asks on standard error: standard output stays the command's own. */
import { createInterface } from 'node:readline/promises';

/** An empty answer, or the end of input, means yes and no in that order. */
export async function askOnTerminal(question: string, signal: AbortSignal): Promise<boolean> {
  // Not in terminal mode: there readline would swallow Ctrl-C.
  using terminal = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  const ended = new Promise<string>((resolve) => terminal.once('close', () => resolve('no')));
  const answer = await Promise.race([terminal.question(`${question} [Y/n] `, { signal }), ended]);
  return /^(y(es)?)?$/iu.test(answer.trim());
}
