/** Where launchd (macOS) has a service, and what it says of it. Only looks. */
import path from 'node:path';
import type { Host } from './host.ts';
import { textOf } from './installed-service.ts';
import type { ServiceProgram, ServiceScope } from './service-program.ts';
import { tryProgram } from './service-steps.ts';

export type LaunchdPlace = {
  plistFile: string;
  logFile: string;
  /** `gui/501`, `system`. */
  domain: string;
  /** The domain with the label. */
  target: string;
};

export function launchdPlace({ home, uid }: Host, { label, unit }: ServiceProgram, scope: ServiceScope): LaunchdPlace {
  const library = scope === 'system' ? '/Library' : path.join(home, 'Library');
  const domain = scope === 'system' ? 'system' : `gui/${uid}`;
  return {
    plistFile: path.join(library, scope === 'system' ? 'LaunchDaemons' : 'LaunchAgents', `${label}.plist`),
    logFile: path.join(library, 'Logs', 'stt', `${unit}.log`),
    domain,
    target: `${domain}/${label}`,
  };
}

export type LaunchdState = {
  plist: string | undefined;
  /** launchd has been told of it. */
  isLoaded: boolean;
  isRunning: boolean;
  pid: number | undefined;
  lastExitCode: number | undefined;
};

export async function launchdState(host: Host, place: LaunchdPlace, signal: AbortSignal): Promise<LaunchdState> {
  const [plist, printed] = await Promise.all([
    textOf(host, place.plistFile),
    tryProgram('launchctl', ['print', place.target], signal),
  ]);
  signal.throwIfAborted();
  const said = printed?.exitCode === 0 ? printed.stdout : '';
  const pid = Number(/^\s*pid = (\d+)/mu.exec(said)?.[1]);
  const exit = /^\s*last exit code = (\d+)/mu.exec(said)?.[1];
  return {
    plist,
    isLoaded: printed?.exitCode === 0,
    isRunning: /^\s*state = running/mu.test(said),
    pid: pid > 0 ? pid : undefined,
    lastExitCode: exit === undefined ? undefined : Number(exit),
  };
}
