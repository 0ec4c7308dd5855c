/**
 * Whether the server would take calls of this worker. It is asked by a heartbeat for a task that nobody has: who may not is told so, who
 * may hears that there is no such task, and nothing is changed. Judging is pure.
 */
import type { WorkerSettings } from '../../config/worker-settings.ts';
import { exitCodes } from '../../exit-codes.ts';
import { type Answer, isAboutCredentials } from '../../worker/wire/server-answer.ts';
import { type Checked, fail, ok, skipped, warn } from '../finding.ts';
import type { ServerSeen } from './check-server.ts';

/** The id of no task: those that are have no full stop in them. */
export const nobodysTask = 'stt.doctor';

/** What this worker shows to the server. */
export type Shown = 'STT_TOKEN' | 'USERNAME and PASSWORD' | 'the password in SERVER_URL' | 'nothing';

export function shownBy(settings: Pick<WorkerSettings, 'token' | 'authEnabled' | 'serverUrl'>): Shown {
  if (settings.token !== undefined) return 'STT_TOKEN';
  if (settings.authEnabled) return 'USERNAME and PASSWORD';
  return new URL(settings.serverUrl).password === '' ? 'nothing' : 'the password in SERVER_URL';
}

/** Nothing is shown to who may be a stranger. @returns what to say instead of asking; undefined: ask. */
export function whyNotAsked(flavour: ServerSeen['flavour'], shown: Shown): Checked | undefined {
  if (flavour === 'ancestor') return ancestorsServer;
  if (flavour === 'unknown') return skipped('what answers does not say what it is, so that it is shown nothing');
  // A password may be for the proxy that asks; a token is for a server of ours.
  if (flavour === 'protocol 2' || shown !== 'STT_TOKEN') return undefined;
  return warn(
    'it cannot be told: what answers wants to know who asks, and STT_TOKEN is shown to a server of ours only',
    'Let the proxy before the server pass on what workers send; the server asks them for their tokens itself.',
    undefined,
  );
}

const ancestorsServer = skipped("with an ancestor's server it cannot be told without taking a task");

export function checkCredentials(answer: Answer, flavour: ServerSeen['flavour'], shown: Shown): Checked {
  if (answer.kind === 'accepted') return notOurs('it accepts a heartbeat for a task that nobody has');
  if (answer.kind === 'refused') {
    return ok(shown === 'nothing' ? 'the server wants none' : `the server accepts ${shown}`, undefined);
  }
  const { status } = answer;
  const reason = withoutInnerStop(answer.reason);
  if (isAboutCredentials(status)) {
    const fix =
      shown === 'nothing'
        ? 'Make a token on the server (stt-server worker add NAME) and set STT_TOKEN to it; or set AUTH_ENABLED, USERNAME and PASSWORD as the proxy before it wants them.'
        : `Mend ${shown}. A token of this worker is made on the server: stt-server worker add NAME.`;
    return fail(
      `the server refuses ${shown === 'nothing' ? 'who shows nothing' : shown}: ${reason}`,
      fix,
      'STT_CREDENTIALS',
      exitCodes.noPermission,
    );
  }
  if (status === 429) {
    const fix = 'Mend STT_TOKEN, or USERNAME and PASSWORD, stop what tries wrong ones from this address, and wait.';
    return fail(
      `the server does not listen to this address now: ${reason}`,
      fix,
      'STT_CREDENTIALS',
      exitCodes.temporary,
    );
  }
  if (status === 404) return flavour === 'protocol 2' ? notOurs(reason) : ancestorsServer;
  return warn(`it cannot be told: ${reason}`, 'Look after the server, and try again.', undefined);
}

const notOurs = (reason: string): Checked =>
  fail(
    `not a server of ours: ${reason}`,
    'Set SERVER_URL to where stt-server listens, and see that the proxy before it, if there is one, passes on every path.',
    'STT_SERVER_AWAY',
    exitCodes.unavailable,
  );

/** The server's sentence ends with a full stop, and what to look at comes after it. */
const withoutInnerStop = (reason: string): string => reason.replace('.; look at', '; look at');
