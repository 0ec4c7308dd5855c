/** An outbox with a real client, made from settings as a command does. Used by tests only. */
import type { TemporaryFolder } from '../../../../test/support/temporary-folder.ts';
import { type Clock, systemClock } from '../../../clock.ts';
import { parseSettings } from '../../../config/parse-settings.ts';
import { workerSettings } from '../../../config/worker-settings.ts';
import { clientFor } from '../../wire/client-for.ts';
import type { WorkerEvent } from '../../worker-event.ts';
import { openOutbox } from '../outbox.ts';

export async function postOffice(
  folder: TemporaryFolder,
  server: { url: string },
  clock: Clock = systemClock,
  chance = 0,
) {
  const events: WorkerEvent[] = [];
  const settings = parseSettings(workerSettings, {
    SERVER_URL: server.url,
    AUTH_ENABLED: 'true',
    USERNAME: 'user',
    PASSWORD: 'password',
  });
  const outbox = await openOutbox({
    folder: folder.path,
    client: clientFor(settings, systemClock),
    clock,
    report: (event) => events.push(event),
    chance: () => chance,
  });
  const namesOf = (wanted: WorkerEvent['event']): string[] =>
    events.flatMap((event) => (event.event === wanted && 'task' in event ? [event.task] : []));
  return { outbox, events, namesOf };
}
