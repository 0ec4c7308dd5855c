/** Who was told, for people. Pure. */
import { printable } from '../../printable.ts';
import type { Told } from './tell-workers.ts';

/** @param nobody what to say where no worker runs. */
export function describeTold({ told, silent }: Told, nobody: string): string[] {
  if (told.length + silent.length === 0) return [nobody];
  return [
    ...told.map(({ pid }) => `The worker with pid ${pid} was told.`),
    ...silent.map(
      ({ worker: { pid }, reason }) =>
        `The worker with pid ${pid} could not be told (${printable(reason)}); it notices within a minute.`,
    ),
  ];
}
