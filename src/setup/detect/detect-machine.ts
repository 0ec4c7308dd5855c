/** Detection as one step: looks at this machine, and says what it is. */
import { gatherFacts } from './gather-facts.ts';
import type { Machine } from './machine.ts';
import { readMachine } from './read-machine.ts';

/** @param dataFolder where engines and models will lie; it need not be there yet. */
export async function detectMachine(dataFolder: string, signal: AbortSignal): Promise<Machine> {
  return readMachine(await gatherFacts(dataFolder, signal));
}
