/** The client for the server that the settings name, as every command that calls it needs one. Says nothing to anybody yet. */
import { hostname } from 'node:os';
import type { Clock } from '../../clock.ts';
import type { WorkerSettings } from '../../config/worker-settings.ts';
import { createServerClient, type ServerClient, type ServerClientOptions } from './server-client.ts';

export function clientFor(settings: WorkerSettings, clock: Clock): ServerClient {
  return createServerClient({
    serverUrl: settings.serverUrl,
    workerName: workerName(settings),
    credentials: credentialsOf(settings),
    token: settings.token,
    clock,
  });
}

/** What the server, and people, know this worker by. */
export const workerName = ({ nodeName }: Pick<WorkerSettings, 'nodeName'>): string => nodeName ?? hostname();

function credentialsOf({ authEnabled, username, password }: WorkerSettings): ServerClientOptions['credentials'] {
  return authEnabled && username !== undefined && password !== undefined ? { username, password } : undefined;
}

/** Without a user name and password that may stand in it. */
export function shownUrl(serverUrl: string): string {
  const { origin, pathname } = new URL(serverUrl);
  return origin + pathname.replace(/\/$/u, '');
}
