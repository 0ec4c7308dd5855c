/** Which backend, asked on the terminal where there is no engine yet; the recommendation is the answer of whoever only presses Enter. */
import { type Backend, backends } from '../backend.ts';
import { openDialogue } from './configure/open-dialogue.ts';
import type { Recommendation } from './detect/recommend-backend.ts';

export async function askBackend(
  { backend, reason, notes }: Recommendation,
  signal: AbortSignal,
  open = openDialogue,
): Promise<Backend> {
  using dialogue = open(signal);
  dialogue.say(`Recommended for this machine: ${backend}. ${reason}`);
  for (const note of notes) dialogue.say(`  ${note}`);
  for (;;) {
    const answer = (await dialogue.ask(`Backend (auto, ${backends.join(', ')}) [auto]: `)).toLowerCase();
    if (answer === '' || answer === 'auto') return backend;
    const named = backends.find((name) => name === answer);
    if (named !== undefined) return named;
    dialogue.say(`"${answer}" is none of these.`);
  }
}
