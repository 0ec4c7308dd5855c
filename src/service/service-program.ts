/** The two programs that may be services: how each is called, by systemd and launchd, and where a service of it has its things. */

export type ServiceProgram = {
  /** What a person types. */
  bin: 'stt' | 'stt-server';
  kind: 'worker' | 'server';
  /** Of systemd, without its ending; also the name of its user. */
  unit: 'stt-worker' | 'stt-server';
  /** Of launchd. */
  label: 'stt.worker' | 'stt.server';
  /** After the program: what the service runs. */
  args: readonly string[];
  /** Of a service of the machine. */
  settingsFile: string;
  title: string;
};

export const workerProgram: ServiceProgram = {
  bin: 'stt',
  kind: 'worker',
  unit: 'stt-worker',
  label: 'stt.worker',
  args: ['run'],
  settingsFile: '/etc/stt/worker.env',
  title: 'Settings of the worker on this machine',
};

export const serverProgram: ServiceProgram = {
  bin: 'stt-server',
  kind: 'server',
  unit: 'stt-server',
  label: 'stt.server',
  args: [],
  settingsFile: '/etc/stt/server.env',
  title: 'Settings of the server on this machine',
};

export const servicePrograms: readonly ServiceProgram[] = [workerProgram, serverProgram];

/** Of services of the machine; each program has a folder in it. */
export const systemDataFolder = '/var/lib/stt';

export type ServiceScope = 'system' | 'user';
