/** `stt setup`: makes this machine able to transcribe. Flags in, one call, print. */
import { Flags } from '@oclif/core';
import { loadWorkerSettings, shortPath } from '../config/load-settings.ts';
import { hasOtherModel } from '../models/bundled-model.ts';
import { describeSetup } from '../setup/describe-setup.ts';
import { runSetup, type SetupReport } from '../setup/run-setup.ts';
import { plainSetupRequest, type SetupRequest } from '../setup/setup-request.ts';
import { backends } from '../backend.ts';
import { bundledModels, readModel } from '../setup/whisper-data.ts';
import { listenForShutdown } from '../shutdown.ts';
import { BaseCommand } from './base-command.ts';

export class SetupCommand extends BaseCommand {
  static override summary = 'Make this machine able to transcribe: tools, whisper.cpp, model.';
  static override description = `Installs the programs that are missing, builds the pinned whisper.cpp and puts it in place. Does only what is not done yet; an interrupted set-up goes on where it stopped.`;
  static override enableJsonFlag = true;
  static override examples = [
    { description: 'Build the engine, ask before packages are installed', command: '<%= config.bin %> setup' },
    {
      description: 'For a script, with the bundled model (demo and tests only)',
      command: '<%= config.bin %> setup --model demo-digits --yes',
    },
    { description: 'See every command first', command: '<%= config.bin %> setup --dry-run' },
    {
      description: 'On a machine without a network',
      command: '<%= config.bin %> setup --source ./whisper.cpp-1.9.5.tar.gz --no-packages',
    },
    {
      description: 'For any processor of this kind, not just the one it is built on',
      command: '<%= config.bin %> setup --cmake-define GGML_NATIVE=OFF',
    },
  ];
  static override flags = {
    backend: Flags.option({ options: backends, default: 'cpu', summary: 'What the engine computes on.' })(),
    source: Flags.string({
      summary: 'Build this whisper.cpp instead of the pinned one.',
      helpValue: 'DIR|TARBALL',
    }),
    'cmake-define': Flags.string({
      summary: 'Set a cmake definition over the recipe; may be given several times.',
      helpValue: 'NAME=VALUE',
      multiple: true,
    }),
    jobs: Flags.integer({
      summary: 'Compilers at the same time. [default: one per processor, at most one per GiB of memory]',
      min: 1,
    }),
    model: Flags.option({
      options: bundledModels,
      summary: 'Unpack a bundled model; demo-digits is for demo and tests only.',
    })(),
    yes: Flags.boolean({ char: 'y', summary: 'Install missing packages without asking.', exclusive: ['no-packages'] }),
    'no-packages': Flags.boolean({ summary: 'Never install packages; fail when one is missing.' }),
    'dry-run': Flags.boolean({ summary: 'Print every command and path; change nothing.' }),
    force: Flags.boolean({ summary: 'Build again even if nothing changed, and try the release again.' }),
  };

  async run(): Promise<SetupReport | { steps: string[] }> {
    const { flags } = await this.parse(SetupCommand);
    const settings = loadWorkerSettings();
    using shutdown = listenForShutdown();
    const surroundings = {
      consent: flags['no-packages'] ? 'never' : flags.yes ? 'yes' : 'ask',
      say: (line: string) => this.say(line),
      signal: shutdown.drain,
    } as const;
    const request: SetupRequest = {
      ...plainSetupRequest(settings, surroundings),
      backend: flags.backend,
      source: flags.source,
      definitions: flags['cmake-define'] ?? [],
      jobs: flags.jobs,
      model: flags.model,
      isForced: flags.force,
    };
    if (flags['dry-run']) {
      const steps = await describeSetup(request);
      this.log(steps.join('\n'));
      return { steps };
    }
    const report = await runSetup(request);
    const hasModel = await hasOtherModel(readModel('demo-digits'), request.paths.models);
    this.printSummary(report, request, hasModel);
    return report;
  }

  private printSummary(report: SetupReport, request: SetupRequest, hasModel: boolean): void {
    this.log(report.isBuilt ? '' : 'The engine is up to date; nothing to build.');
    this.log(`Engine   ${report.source}, ${report.backend}`);
    this.log(`Program  ${shortPath(report.whisperCli)}`);
    if (report.model !== undefined) {
      this.log(`Model    ${shortPath(report.model.file)}`);
      this.log(`         ${report.model.purpose}`);
    }
    if (report.logFile !== undefined) this.log(`Log      ${shortPath(report.logFile)}`);
    this.log(`Took     ${report.seconds.toFixed(1)} s`);
    if (report.model !== undefined || hasModel) return;
    this.log(`\nFor a real model, download ggml-medium.bin from https://huggingface.co/ggerganov/whisper.cpp`);
    this.log(`into ${shortPath(request.paths.models)}, or try things out with --model demo-digits.`);
  }
}
