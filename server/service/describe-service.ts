/** What the server does, in the one line that `systemctl status` shows. Pure. */
import type { TaskState } from '../queue/task-state.ts';

export type ServiceState = {
  /** For the first time since its start. */
  isScanning: boolean;
  /** Why no tasks are handed out. */
  objection: string | undefined;
  tasks: Record<TaskState, number>;
};

export function describeService({ isScanning, objection, tasks }: ServiceState): string {
  const dead = tasks.dead === 0 ? '' : `, ${tasks.dead} given up`;
  const work = `${tasks.leased} in work, ${tasks.pending + tasks.waiting} waiting${dead}`;
  if (isScanning) return `scanning the library (${work})`;
  return objection === undefined ? work : `no tasks are handed out: ${objection} (${work})`;
}
