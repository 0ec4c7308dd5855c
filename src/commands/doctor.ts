/** `stt doctor`: whether this machine can be a worker, and if not, what to do. Flags in, one call, print. */
import { availableParallelism, totalmem } from 'node:os';
import { styleText } from 'node:util';
import { Flags } from '@oclif/core';
import { systemClock } from '../clock.ts';
import { shortPath } from '../config/load-settings.ts';
import { readConfiguration } from '../doctor/configuration.ts';
import { describeDiagnosis, describeFinding, type Paint } from '../doctor/describe-finding.ts';
import { type Diagnosis, runDoctor } from '../doctor/run-doctor.ts';
import { thisProgram } from '../doctor/this-program.ts';
import { startWaitingLine } from '../doctor/waiting-line.ts';
import { listenForShutdown } from '../shutdown.ts';
import { systemOffsetAt } from '../worker/schedule/local-starts.ts';
import { BaseCommand } from './base-command.ts';

export class DoctorCommand extends BaseCommand {
  static override summary = 'Look at everything that `stt run` needs, and say what is in its way and what to do.';
  static override description = [
    'The checks: program (this Node.js), settings (right, their files not readable for others where a password stands in them), ffmpeg (decodes the bundled sample), engine (starts; what set-up wrote about it), model and vad (the very files of the catalogue), sample (engine and model transcribe speech), gpu (what the engine was made for is in use, not half as fast as it was), memory, disk, server (what answers, and whether it hands out tasks), credentials (accepted), clock (against that of the server), schedule (CRON, and when it begins next), outbox, worker (those that run here), service (systemd).',
    'It takes no task and changes nothing. A worker may run meanwhile; the sample is slower then, and its speed is not judged.',
    'Each check is ok, warn (the worker runs all the same), fail, or skipped, where one that it needs has failed. With --json one document: isWell, exitCode, seconds, and checks, each with check, status, found, seconds, and where there is one fix; those that failed also with code and exitCode.',
    'Exit codes: 0 nothing failed, whatever the warnings; else that of the worst check that failed: 78 a setting, the model or the engine is missing or wrong; 77 the server refuses this worker, or a folder may not be used; 74 a disk is full or read-only; 69 the server or a program is not there, or a GPU is not used; 75 it may pass by itself; 130 stopped by Ctrl-C.',
  ].join('\n\n');
  static override examples = [
    { description: 'Is all well?', command: '<%= config.bin %> doctor' },
    {
      description: 'In a second, without the checksum of the model and the sample',
      command: '<%= config.bin %> doctor --quick',
    },
    { description: 'Before the settings are changed', command: '<%= config.bin %> doctor --server http://server:8000' },
    {
      description: 'What a service would meet',
      command: 'sudo -u stt env STT_DATA_DIR=/var/lib/stt <%= config.bin %> doctor',
    },
  ];
  static override enableJsonFlag = true;
  static override flags = {
    quick: Flags.boolean({
      char: 'q',
      summary: 'Leave out what takes long: the checksum of the model, and the sample.',
    }),
    'no-server': Flags.boolean({ summary: 'Do not ask the server.', exclusive: ['server'] }),
    server: Flags.string({ helpValue: 'URL', summary: 'The server that hands out tasks (SERVER_URL).' }),
    model: Flags.string({ helpValue: 'NAME', summary: 'The Whisper model, by name or path (STT_MODEL).' }),
  };

  override async run(): Promise<Diagnosis> {
    const { flags } = await this.parse(DoctorCommand);
    using shutdown = listenForShutdown();
    using waiting = startWaitingLine();
    const diagnosis = await runDoctor({
      program: thisProgram(),
      configure: () => readConfiguration({ SERVER_URL: flags.server, STT_MODEL: flags.model }),
      isQuick: flags.quick,
      asksServer: !flags['no-server'],
      machine: machineHere(),
      shortPath,
      clock: systemClock,
      signal: shutdown.drain,
      onFinding: (finding) => {
        waiting.clear();
        for (const line of describeFinding(finding, paint)) this.log(line);
      },
      onRunning: waiting.running,
      onProgress: waiting.progress,
    });
    this.log(`\n${describeDiagnosis(diagnosis.checks, diagnosis.seconds, paint)}.`);
    process.exitCode = diagnosis.exitCode;
    return diagnosis;
  }
}

/** On a terminal only, and not where NO_COLOR is set. */
const paint: Paint = (colour, text) => styleText(colour, text);

function machineHere() {
  // Zero or a huge number where no limit is set on this process.
  const limitBytes = process.constrainedMemory() || Infinity;
  return {
    processors: availableParallelism(),
    totalBytes: Math.min(totalmem(), limitBytes),
    availableBytes: process.availableMemory(),
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    offsetAt: systemOffsetAt,
  };
}
