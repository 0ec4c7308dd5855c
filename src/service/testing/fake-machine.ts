/** A machine in a folder: its files below one root, and the programs that would change a real one are fakes that only tell of it. */
import { chmod, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type FakePrograms, fakePrograms } from '../../../test/support/fake-programs.ts';
import { type TemporaryFolder, temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { packageFolder } from '../../package-folder.ts';
import type { Host } from '../host.ts';
import type { InstallWishes } from '../install-wishes.ts';
import { serverProgram, workerProgram } from '../service-program.ts';

export type FakeMachine = AsyncDisposable & {
  folder: TemporaryFolder;
  host: Host;
  said: string[];
  /** Paths are the machine's own. */
  read: (file: string) => Promise<string>;
  write: (file: string, text: string, mode?: number) => Promise<void>;
  worker: (more?: Partial<InstallWishes>) => InstallWishes;
  server: (more?: Partial<InstallWishes>) => InstallWishes;
  /** What was run, without what only asks. */
  changes: () => Promise<string[]>;
  /** Of systemctl: `active`, `enabled`, whether a start fails, and where units are looked for. */
  set: (name: 'load' | 'active' | 'enabled' | 'fails' | 'unitPath', value: string) => Promise<void>;
};

export type FakeMachineOptions = {
  host?: Partial<Host>;
  hasSystemd?: boolean;
  /** Besides those that are always there; an empty one is taken away. */
  scripts?: Record<string, string>;
};

export async function fakeMachine({
  host = {},
  hasSystemd = true,
  scripts = {},
}: FakeMachineOptions = {}): Promise<FakeMachine> {
  const folder = await temporaryFolder();
  await chmod(folder.path, 0o755);
  const state = folder.join('state');
  await mkdir(state);
  const set: FakeMachine['set'] = (name, value) => writeFile(path.join(state, name), `${value}\n`);
  await set('load', 'not-found');
  await set('active', 'inactive');
  await set('enabled', '');
  const root = folder.join('root');
  const write: FakeMachine['write'] = async (file, text, mode = 0o644) => {
    await mkdir(path.dirname(path.join(root, file)), { recursive: true, mode: 0o755 });
    await writeFile(path.join(root, file), text, { mode });
  };
  const theHost: Host = {
    platform: 'linux',
    root,
    uid: 0,
    userName: 'root',
    home: '/root',
    configHome: '/root/.config',
    node: '/usr/bin/node',
    script: '/usr/lib/node_modules/stt/bin/stt.js',
    packageFolder: '/usr/lib/node_modules/stt',
    version: '1.2.3',
    ...host,
  };
  await write(theHost.node, '', 0o755);
  for (const bin of ['stt', 'stt-server']) await write(path.join(path.dirname(theHost.script), `${bin}.js`), '');
  await write(`${theHost.packageFolder}/package.json`, '{}');
  await cp(path.join(packageFolder, 'systemd'), path.join(root, theHost.packageFolder, 'systemd'), { recursive: true });
  if (hasSystemd) await mkdir(folder.join('root/run/systemd/system'), { recursive: true });
  const all = { ...usualScripts(state), ...scripts };
  const programs = await fakePrograms(Object.fromEntries(Object.entries(all).filter(([, text]) => text !== '')), true);
  const said: string[] = [];
  const wishes = (more: Partial<InstallWishes>): InstallWishes => ({
    program: workerProgram,
    host: theHost,
    scope: undefined,
    isDryRun: false,
    isForced: false,
    isStarted: false,
    confirm: undefined,
    argv: [],
    runAs: undefined,
    library: undefined,
    firstSettings: {},
    settingsElsewhere: undefined,
    userSettingsFile: path.join(theHost.configHome, 'stt/worker.env'),
    userEnvironment: { STT_ENV_FILE: path.join(theHost.configHome, 'stt/worker.env') },
    findEngine: () => Promise.resolve({ backend: 'cpu', files: [] }),
    say: (line) => said.push(line),
    signal: new AbortController().signal,
    ...more,
  });
  return {
    folder,
    host: theHost,
    said,
    set,
    write,
    read: (file) => readFile(path.join(root, file), 'utf8'),
    worker: (more = {}) => wishes(more),
    server: (more = {}) =>
      wishes({
        program: serverProgram,
        host: { ...theHost, script: theHost.script.replace('stt.js', 'stt-server.js') },
        findEngine: undefined,
        ...more,
      }),
    changes: async () => (await programs.calls()).filter((call) => !onlyAsks.test(call)),
    [Symbol.asyncDispose]: () => disposeAll(programs, folder),
  };
}

const onlyAsks =
  /^(?:sh|id|stat|getenforce|runuser|systemctl (?:--user )?show|loginctl show-user|launchctl print|journalctl|tail)\b/u;

async function disposeAll(programs: FakePrograms, folder: TemporaryFolder): Promise<void> {
  await programs[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
}

const usualScripts = (state: string): Record<string, string> => ({
  sh: 'exec /bin/sh "$@"',
  systemctl: `
    cd '${state}'
    case "$*" in
      *UnitPath*) [ -e unitPath ] && read -r folders < unitPath && echo "$folders" ;;
      *show*)
        read load < load; read active < active; read enabled < enabled
        echo "LoadState=$load"; echo "ActiveState=$active"; echo "SubState=running"; echo "UnitFileState=$enabled"; echo "MainPID=42"
        echo "Result=exit-code"; echo "StatusText=[no server] there is none"; echo "NRestarts=3" ;;
      *'enable '*) echo enabled > enabled; echo loaded > load ;;
      *disable*) echo disabled > enabled; echo inactive > active ;;
      *start*)
        [ -e fails ] && { echo failed > active; echo 'Job for it failed.' >&2; exit 1; }
        echo active > active ;;
    esac`,
  journalctl: 'echo "the engine is missing"; echo "so it ends"',
  'systemd-sysusers': `echo made > '${state}/user'`,
  useradd: `echo made > '${state}/user'`,
  id: `case "$*" in *stt-*) [ -e '${state}/user' ] && echo 990 ;; *-gn*) echo staff ;; *) echo 1000 ;; esac`,
  chgrp: 'exit 0',
  chmod: 'exit 0',
  loginctl: `
    cd '${state}'
    case "$*" in
      *show-user*) [ -e lingers ] && echo yes || echo no ;;
      *enable-linger*) : > lingers ;;
      *disable-linger*) /bin/rm -f lingers ;;
    esac`,
});
