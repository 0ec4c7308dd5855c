/** Says whether the library can be trusted right now, before anything is concluded from what is not in it. */
import type { TaskCatalogue } from '../queue/task-catalogue.ts';
import type { Presence } from './library.ts';

/** What of the library is needed to say so. */
export type Present = { readonly root: string; presence: () => Presence | Promise<Presence> };

/** @returns why the library counts as absent, or undefined where it is there. */
export async function absenceOf(
  library: Present,
  catalogue: Pick<TaskCatalogue, 'countOpen'>,
): Promise<string | undefined> {
  const presence = await library.presence();
  if (presence.kind === 'missing') return `the library is missing: ${presence.reason}`;
  if (presence.kind === 'present') return undefined;
  const open = await catalogue.countOpen();
  if (open === 0) return undefined;
  return `the library ${library.root} is empty, but ${open} tasks are known: is its disk mounted? (If it is meant to be empty, put any file into it.)`;
}
