/** How launchd is told to end a service and to start it anew. `kickstart -k` would kill it at once, and with it what it has in hand. */
import type { LaunchdPlace } from './launchd-place.ts';
import { plistExitTimeout } from './launchd-plist.ts';
import { run, type Step } from './service-steps.ts';

/**
 * bootout does not wait for the end of what it stops, and what is still ending cannot be told of again.
 * @param plist by which it was started.
 */
export const stopSteps = ({ target }: LaunchdPlace, plist: string | undefined): Step[] => [
  {
    ...run('launchctl', 'bootout', target),
    otherwise: '',
    meanwhile: `${target} is stopped; what it has in hand it finishes or hands back.`,
  },
  { do: 'awaitGone', argv: ['launchctl', 'print', target], timeoutMs: (plistExitTimeout(plist) + 15) * 1000 },
];

export const restartSteps = (place: LaunchdPlace, plist: string | undefined): Step[] => [
  ...stopSteps(place, plist),
  run('launchctl', 'enable', place.target),
  run('launchctl', 'bootstrap', place.domain, place.plistFile),
];
