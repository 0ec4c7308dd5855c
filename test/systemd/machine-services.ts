/** What systemd tells of the services of an installed machine, and what a test does to them. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { JournalEntry } from '../support/booted-machine.ts';
import { eventually } from '../support/eventually.ts';
import { shortSample, shortSampleWords, wrongWords } from '../support/library.ts';
import { addToLibrary, type InstalledMachine } from './installed-machine.ts';

export type MachineProcess = { pid: number; user: string; niceness: number; command: string };

/** As `stt-server tasks list` has it. */
export type ListedTask = { state: string; attempts: number; path: string };

/** Where no unit is named: of the worker. */
export type MachineServices = {
  /** Of a command there, by root. @throws where it fails. */
  output: (...argv: string[]) => Promise<string>;
  /** A property of the unit. */
  show: (property: string, unit?: string) => Promise<string>;
  isActive: (unit?: string) => Promise<boolean>;
  processesOf: (unit: string) => Promise<MachineProcess[]>;
  journalOf: (unit: string, ...args: string[]) => Promise<JournalEntry[]>;
  /** What `systemctl status` shows, with the last lines of the journal. */
  statusOf: (unit: string) => Promise<string>;
  /** More keys for a unit, until it is disposed of. */
  dropIn: (unit: string, text: string) => Promise<AsyncDisposable>;
  taskOf: (recording: string) => Promise<ListedTask | undefined>;
  /** A short recording gets its transcript. @throws where there is none in time, or it is wrong. */
  transcribe: (name: string) => Promise<void>;
};

export function servicesOf(installed: InstalledMachine): MachineServices {
  const { machine } = installed;
  const output = (...argv: string[]): Promise<string> => machine.output(argv);
  const show = (property: string, unit = 'stt-worker'): Promise<string> =>
    output('systemctl', 'show', '--property', property, '--value', unit);
  return {
    output,
    show,
    isActive: async (unit) => (await show('ActiveState', unit)) === 'active',
    async processesOf(unit) {
      const group = await show('ControlGroup', unit);
      if (group === '') return [];
      // It may end in between.
      const { stdout: ids } = await machine.run(['cat', `/sys/fs/cgroup${group}/cgroup.procs`]);
      if (ids === '') return [];
      const wanted = ids.trim().replaceAll('\n', ',');
      const { stdout } = await machine.run(['ps', '-o', 'pid=,user:32=,ni=,args=', '-p', wanted]);
      return readProcesses(stdout);
    },
    journalOf: (unit, ...args) => machine.journal('--unit', unit, ...args),
    statusOf: async (unit) =>
      (await machine.run(['systemctl', 'status', '--no-pager', '--full', '--lines=5', unit])).stdout,
    async dropIn(unit, text) {
      const name = `50-test-${randomBytes(4).toString('hex')}.conf`;
      const file = installed.join('etc/systemd/system', `${unit}.service.d`, name);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, text);
      await output('systemctl', 'daemon-reload');
      return {
        [Symbol.asyncDispose]: async () => {
          await rm(file);
          await output('systemctl', 'daemon-reload');
        },
      };
    },
    async taskOf(recording) {
      const { tasks } = JSON.parse(await output('stt-server', 'tasks', 'list', '--json')) as { tasks: ListedTask[] };
      return tasks.find((task) => task.path === path.basename(recording));
    },
    async transcribe(name) {
      const recording = await addToLibrary(installed, `${name}.mp3`, shortSample);
      const transcript = recording.replace('.mp3', '.vtt');
      await eventually(() => existsSync(transcript), `the transcript of ${name}`, 60_000);
      const wrong = await wrongWords(recording, shortSampleWords);
      if (wrong !== 0) throw new Error(`${wrong} words of ${name} are wrong`);
    },
  };
}

function readProcesses(lines: string): MachineProcess[] {
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [pid, user = '', niceness, ...command] = line.trim().split(/\s+/u);
      return { pid: Number(pid), user, niceness: Number(niceness), command: command.join(' ') };
    });
}
