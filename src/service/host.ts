/** The machine that a service is for: who asks, and which program of which version is to be started. */
import { realpathSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { homedir, userInfo } from 'node:os';
import path from 'node:path';
import { systemErrorCode } from '../app-error.ts';
import { packageFolder, packageVersion } from '../package-folder.ts';
import type { ServiceProgram } from './service-program.ts';

export type Host = {
  platform: NodeJS.Platform;
  /** `/`; another folder in which all of this machine's files lie, for tests. */
  root: string;
  /** Of who asks; 0 is root. */
  uid: number;
  userName: string;
  home: string;
  /** `~/.config`, whatever XDG_CONFIG_HOME says in this shell: systemd does not see it. */
  configHome: string;
  /** This Node.js, by the path that stays. */
  node: string;
  /** The program itself: `bin/stt.js`, by the path that stays. */
  script: string;
  packageFolder: string;
  version: string;
};

export function thisHost({ bin }: ServiceProgram, startedAs: string | undefined): Host {
  const uid = process.getuid?.() ?? -1;
  return {
    platform: process.platform,
    root: '/',
    uid,
    userName: nameOf(uid),
    home: homedir(),
    configHome: path.join(homedir(), '.config'),
    node: stableNode(process.execPath, ['/usr/bin/node', '/usr/local/bin/node', '/opt/homebrew/bin/node']),
    script: stableScript(path.join(packageFolder, 'bin', `${bin}.js`), startedAs),
    packageFolder,
    version: packageVersion(),
  };
}

/** In a container a user may have no name. */
function nameOf(uid: number): string {
  try {
    return userInfo().username;
  } catch {
    return String(uid);
  }
}

/** Where a file of the machine lies. */
export const at = ({ root }: Host, file: string): string => (root === '/' ? file : path.join(root, file));

/** Without links, as a path of the machine. @returns undefined where it is not there. */
export async function realFile(host: Host, file: string): Promise<string | undefined> {
  try {
    const real = await realpath(at(host, file));
    return host.root === '/' ? real : real.slice((await realpath(host.root)).length) || '/';
  } catch (error) {
    // It is there, and not for us to look into.
    return systemErrorCode(error) === 'EACCES' ? file : undefined;
  }
}

/** A path with a version in it is gone after an upgrade. @param usual where the same program may lie as well, and stays. */
export function stableNode(execPath: string, usual: readonly string[]): string {
  const real = realOf(execPath);
  return usual.find((file) => real !== undefined && realOf(file) === real) ?? execPath;
}

/** @param startedAs what Node.js was told to run: it keeps a link like `current`, which an upgrade leads to the new version. */
export function stableScript(script: string, startedAs: string | undefined): string {
  if (startedAs === undefined || path.basename(startedAs) !== path.basename(script)) return script;
  return realOf(startedAs) === realOf(script) ? path.resolve(startedAs) : script;
}

function realOf(file: string): string | undefined {
  try {
    return realpathSync(file);
  } catch {
    return undefined;
  }
}
