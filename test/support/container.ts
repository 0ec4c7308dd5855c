/** A container, network or volume for one test, gone when the test ends. See podman. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { packageFolder } from '../../src/package-folder.ts';
import { type ChildEnd, describeEnd } from '../../src/run-child.ts';
import { eventually } from './eventually.ts';
import { ownName, type Podman } from './podman.ts';

/** A command line without quotes. */
export const words = (text: string): string[] => text.trim().split(/\s+/u);

/**
 * What stands after `podman run -d --name NAME` in packaging/container/README.md, and in the other README where it is there as well.
 * @param own What of this machine is put in place of the names there: the beginning of a word, and what it becomes.
 */
export async function toldArguments(name: string, own: Record<string, string>): Promise<string[]> {
  const text = await readFile(path.join(packageFolder, 'packaging', 'container', 'README.md'), 'utf8');
  const told = argumentsFromReadme(text, name, own);
  const short = await readFile(path.join(packageFolder, 'README.md'), 'utf8');
  if (short.includes(startOf(name))) assert.equal(argumentsFromReadme(short, name, own), told);
  return told;
}

const startOf = (name: string): string => `podman run -d --name ${name} `;

function argumentsFromReadme(text: string, name: string, own: Record<string, string>): string[] {
  const [, told] = text.replaceAll(/ \\\n\s*/gu, ' ').split(startOf(name));
  let line = ` ${told?.split('\n')[0] ?? ''} `;
  for (const [theirs, ours] of Object.entries(own)) {
    if (!line.includes(` ${theirs}`)) throw new Error(`there is no ${theirs} in "${startOf(name)}${line}"`);
    line = line.replace(` ${theirs}`, ` ${ours}`);
  }
  return words(line);
}

/** What the README tells people to run them with. */
export const hardened = words('--read-only --cap-drop all --security-opt no-new-privileges --stop-timeout 45');

export type Container = AsyncDisposable & {
  name: string;
  /** What it has printed so far, both streams. */
  logs: () => Promise<string>;
  /** Resolves when it has printed that. */
  seen: (pattern: RegExp, timeoutMs?: number) => Promise<string>;
  /** A command inside, to its end. */
  exec: (...command: string[]) => Promise<ChildEnd>;
  /** As podman does it by a timer. */
  isHealthy: () => Promise<boolean>;
  /** `podman stop`, with the time that it is given. */
  stop: () => Promise<{ exitCode: number; seconds: number }>;
  /** SIGKILL for all of it. */
  kill: () => Promise<void>;
  /** Of the program that the init process looks after, as this machine counts. */
  pid: () => Promise<number>;
};

/** @param args of `podman run`, from the options on; it runs in the background. */
export async function startContainer(podman: Podman, what: string, args: readonly string[]): Promise<Container> {
  const name = ownName(what);
  await podman.run(['rm', '--force', '--time', '0', '--volumes', name]);
  await podman.output(['run', '--detach', '--name', name, ...args]);
  const inspect = (format: string): Promise<string> => podman.output(['inspect', '--format', format, name]);
  const logs = async (): Promise<string> => (await podman.run(['logs', name], { timeoutMs: 20_000 })).outputTail;
  const hasEnded = async (): Promise<boolean> => (await inspect('{{.State.Status}}')) === 'exited';
  return {
    name,
    logs,
    async seen(pattern, timeoutMs = 30_000) {
      let text = '';
      const look = async (): Promise<boolean> => {
        const isOver = await hasEnded();
        text = await logs();
        if (isOver && !pattern.test(text)) throw new Error(`${name} ended without ${pattern}:\n${text}`);
        return pattern.test(text);
      };
      await eventually(look, `${name} prints ${pattern}`, timeoutMs).catch((error: unknown) => {
        throw new Error(`${name} has printed:\n${text}`, { cause: error });
      });
      return text;
    },
    exec: (...command) => podman.run(['exec', name, ...command]),
    isHealthy: async () => (await podman.run(['healthcheck', 'run', name])).exitCode === 0,
    async stop() {
      const startedAt = performance.now();
      await podman.output(['stop', name]);
      const seconds = (performance.now() - startedAt) / 1000;
      return { exitCode: Number(await inspect('{{.State.ExitCode}}')), seconds };
    },
    async kill() {
      await podman.output(['kill', '--signal', 'KILL', name]);
      await eventually(hasEnded, `${name} is gone`);
    },
    async pid() {
      const init = Number(await inspect('{{.State.Pid}}'));
      const [child] = readFileSync(`/proc/${init}/task/${init}/children`, 'utf8').split(' ');
      return Number(child);
    },
    [Symbol.asyncDispose]: async () => {
      await podman.run(['rm', '--force', '--time', '0', '--volumes', name]);
    },
  };
}

let runs = 0;

/** Runs it to its end and takes it away. */
export async function runContainer(podman: Podman, args: readonly string[]): Promise<ChildEnd> {
  runs += 1;
  return podman.run(['run', '--rm', '--name', ownName(`run-${runs}`), ...args], { timeoutMs: 120_000 });
}

export type Made = AsyncDisposable & { name: string };

export async function makeVolume(podman: Podman, what: string): Promise<Made> {
  return make(podman, 'volume', ownName(what));
}

export async function makeNetwork(podman: Podman, what: string): Promise<Made> {
  return make(podman, 'network', ownName(what));
}

async function make(podman: Podman, kind: 'volume' | 'network', name: string): Promise<Made> {
  await podman.run([kind, 'rm', '--force', name]);
  const end = await podman.run([kind, 'create', name]);
  if (end.exitCode !== 0) throw new Error(`podman ${kind} create: ${describeEnd(end)}\n${end.outputTail}`);
  return {
    name,
    [Symbol.asyncDispose]: async () => {
      await podman.run([kind, 'rm', '--force', name]);
    },
  };
}

type ImageConfig = {
  User: string;
  Entrypoint: string[];
  Cmd: string[] | null;
  StopSignal: string;
  Labels: Record<string, string>;
  Volumes: Record<string, object>;
};
export type Image = { Config: ImageConfig; Healthcheck: { Test: string[] }; Size: number };

export async function inspectImage(podman: Podman, image: string): Promise<Image> {
  const [found] = JSON.parse(await podman.output(['image', 'inspect', image])) as [Image];
  return found;
}
