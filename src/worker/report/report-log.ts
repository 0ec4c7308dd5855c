/** Events as log lines, for pipes and systemd: what a person wants to know later, without the progress. */
import type { Logger } from '../../logger.ts';
import { describeEvent } from './describe-event.ts';
import type { Report, WorkerEvent } from '../worker-event.ts';

const unusualLevels: Partial<Record<WorkerEvent['event'], 'debug' | 'warn' | 'error'>> = {
  idle: 'debug',
  warning: 'warn',
  server_away: 'warn',
  lease_lost: 'warn',
  waiting: 'warn',
  failed: 'error',
  refused: 'error',
};

export function createLogReport(log: Logger): Report {
  return (event) => {
    const text = describeEvent(event);
    if (text !== undefined) log[unusualLevels[event.event] ?? 'info'](event, text);
  };
}
