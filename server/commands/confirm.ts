/** One question on the terminal before something is done that cannot be taken back. Asks on standard error; no answer means no. */
import { createInterface } from 'node:readline/promises';

export async function confirm(question: string): Promise<boolean> {
  // Not in terminal mode: there readline would swallow Ctrl-C.
  using terminal = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  const ended = new Promise<string>((resolve) => terminal.once('close', () => resolve('no')));
  const answer = await Promise.race([terminal.question(`${question} [y/N] `), ended]);
  return /^y(es)?$/iu.test(answer.trim());
}
