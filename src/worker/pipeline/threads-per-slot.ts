/** How many CPU threads each engine gets. Whisper gains little beyond eight. Pure. */

const mostByDefault = 8;

/** @param threads for all slots together, or undefined for one per processor. */
export function threadsPerSlot(threads: number | undefined, slots: number, processors: number): number {
  return Math.max(1, Math.floor((threads ?? Math.min(mostByDefault, processors)) / slots));
}
