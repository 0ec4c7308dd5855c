/** The programs that have manual pages and completions, and what cannot be read off their commands. */
import { serverSettings } from '../../src/config/server-settings.ts';
import type { SettingsTable } from '../../src/config/setting.ts';
import { workerSettings } from '../../src/config/worker-settings.ts';

export type Program = {
  /** The source file that exports its commands, from the folder of package.json. */
  commands: string;
  /** One line, for the head of the manual page. */
  summary: string;
  introduction: string;
  /** What runs where no command is named. */
  rootCommand?: string;
  settings: SettingsTable;
  settingsFile: { path: string; page: string; about: string };
  files: [path: string, meaning: string][];
  seeAlso: string[];
};

export const programs: Record<string, Program> = {
  'stt-server': {
    commands: './server/commands/index.ts',
    summary: 'hand out recordings to transcribe, and collect the transcripts',
    introduction:
      'stt-server knows a library of recordings and hands them to workers, one lease at a time; a transcript that comes back is written beside its recording. Without a command it serves. As a service it is looked after by systemd: systemctl enable --now stt-server.',
    rootCommand: 'serve',
    settings: serverSettings,
    settingsFile: {
      path: '/etc/stt/server.env',
      page: 'stt-server.env',
      about: 'settings of the speech-to-text server',
    },
    files: [
      ['/etc/stt/server.env', 'The settings of the service; see stt-server.env(5).'],
      [
        '/var/lib/stt/server/tasks.sqlite',
        'The task database. Back it up with stt-server backup, never by copying it while the server runs.',
      ],
      ['/var/lib/stt/server/processed.csv', 'What was delivered, a line each.'],
    ],
    seeAlso: ['stt-server.env(5)', 'stt(1)', 'systemctl(1)', 'journalctl(1)'],
  },
  stt: {
    commands: './src/commands/index.ts',
    summary: 'transcribe the recordings of a server with whisper.cpp',
    introduction:
      'stt is the worker and what makes a machine one: stt setup builds the engine and brings a model, stt doctor says what is in the way, stt run asks a server for recordings and delivers their transcripts.',
    settings: workerSettings,
    settingsFile: {
      path: '/etc/stt/worker.env',
      page: 'stt-worker.env',
      about: 'settings of the speech-to-text worker',
    },
    files: [
      ['/etc/stt/worker.env', 'The settings of the system service, and of root; see stt-worker.env(5).'],
      ['~/.config/stt/worker.env', 'The settings of a user.'],
      ['/var/lib/stt, ~/.local/share/stt', 'Engines, models, and transcripts that no server has taken yet.'],
    ],
    seeAlso: ['stt-worker.env(5)', 'stt-server(1)', 'systemctl(1)', 'journalctl(1)'],
  },
};
