/** `stt setup`: makes this machine able to transcribe. Flags in, one call, print. */
import { Flags } from '@oclif/core';
import { type Backend, backends } from '../backend.ts';
import { isModelPath, modelFile } from '../config/data-paths.ts';
import { isGiven, loadWorkerSettings, shortPath, workerEnvFile } from '../config/load-settings.ts';
import type { WorkerSettings } from '../config/worker-settings.ts';
import { chooseRunOptions } from '../setup/detect/choose-run-options.ts';
import { describeMachine } from '../setup/detect/describe-machine.ts';
import { detectMachine } from '../setup/detect/detect-machine.ts';
import { recommendBackend } from '../setup/detect/recommend-backend.ts';
import { askBackend } from '../setup/ask-backend.ts';
import { configureAfterSetup } from '../setup/configure/configure-after-setup.ts';
import { describeAdopted, describeEngines, describeSwitched } from '../setup/engines/describe-engines.ts';
import { adoptEngine } from '../setup/engines/adopt-engine.ts';
import { listEngines } from '../setup/engines/list-engines.ts';
import { switchEngine } from '../setup/engines/switch-engine.ts';
import { describeReport } from '../setup/describe-report.ts';
import { describeSetup } from '../setup/describe-setup.ts';
import { asSetup } from '../setup/explain-file-failure.ts';
import { runSetup } from '../setup/run-setup.ts';
import { type ModelWish, plainSetupWishes, type SetupWishes } from '../setup/setup-request.ts';
import { listenForShutdown } from '../shutdown.ts';
import { BaseCommand } from './base-command.ts';

export class SetupCommand extends BaseCommand {
  static override summary =
    'Make this machine a worker: packages, whisper.cpp, model, settings; and prove that it works.';
  static override description = `Finds out what the machine has, installs the packages that are missing (after one question), downloads and verifies a model, builds the pinned whisper.cpp, has it transcribe a sample, on the GPU where the backend is for one, and writes the settings. Does only what is not done yet; an interrupted set-up goes on where it stopped, and one that fails leaves the engine in use as it is. Engines of several backends lie side by side: --list, --use.`;
  static override enableJsonFlag = true;
  static override examples = [
    { description: 'What suits this machine; asks before packages are installed', command: '<%= config.bin %> setup' },
    { description: 'What is this machine, and what is recommended?', command: '<%= config.bin %> setup --detect' },
    { description: 'See every command first', command: '<%= config.bin %> setup --backend cuda --dry-run' },
    { description: 'For a script', command: '<%= config.bin %> setup --backend vulkan --model medium --yes' },
    { description: 'Back to another engine', command: '<%= config.bin %> setup --use cpu' },
    {
      description: 'A whisper-cli that you have: an unpacked release, or of brew',
      command: '<%= config.bin %> setup --adopt ./whisper-bin-x64',
    },
    {
      description: 'With the bundled model (demo and tests only)',
      command: '<%= config.bin %> setup --model demo-digits --yes',
    },
    {
      description: 'On a machine without a network',
      command: '<%= config.bin %> setup --source ./whisper.cpp-1.9.5.tar.gz --model ./ggml-small.bin --no-packages',
    },
    {
      description: 'For any processor of this kind, not just the one it is built on',
      command: '<%= config.bin %> setup --cmake-define GGML_NATIVE=OFF',
    },
  ];
  static override flags = {
    backend: Flags.option({
      options: ['auto', ...backends] as const,
      summary: 'What the engine computes on. [default: that of the engine in use, else auto]',
    })(),
    model: Flags.string({
      summary: 'The model, from "stt models list" or a file. [default: STT_MODEL, else what suits the machine]',
      helpValue: 'NAME|FILE',
    }),
    'no-model': Flags.boolean({ summary: 'Bring no model.', exclusive: ['model'] }),
    yes: Flags.boolean({ char: 'y', summary: 'Install and download without asking.', exclusive: ['no-packages'] }),
    'no-packages': Flags.boolean({ summary: 'Never install packages; fail when one is missing.' }),
    'rpm-fusion': Flags.boolean({ summary: 'On Fedora: enable RPM Fusion, which has the full ffmpeg.' }),
    'dry-run': Flags.boolean({ summary: 'Print every command and path; change nothing.' }),
    configure: Flags.boolean({
      summary: 'Ask for the settings of the worker, also where it has some.',
      exclusive: ['dry-run', 'json'],
    }),
    detect: Flags.boolean({
      summary: 'Only say what this machine is, and which backend suits it.',
      exclusive: actions('detect'),
    }),
    list: Flags.boolean({ summary: 'Only list the engines that there are.', exclusive: actions('list') }),
    use: Flags.string({
      summary: 'Switch to another engine: the newest of a backend, or one by its name.',
      helpValue: 'BACKEND|NAME',
      exclusive: actions('use'),
    }),
    adopt: Flags.string({
      summary: 'Use a whisper-cli that is there already, once it has transcribed the sample.',
      helpValue: 'PATH',
      exclusive: actions('adopt'),
    }),
    'build-only': Flags.boolean({ summary: 'Build for another machine: without its hardware, and without trying it.' }),
    'no-compare': Flags.boolean({ summary: 'Build one variant only; do not look for the fastest.' }),
    source: Flags.string({ summary: 'Build this whisper.cpp instead of the pinned one.', helpValue: 'DIR|TARBALL' }),
    'cmake-define': Flags.string({
      summary: 'Set a cmake definition over the recipe; may be given several times.',
      helpValue: 'NAME=VALUE',
      multiple: true,
    }),
    jobs: Flags.integer({
      summary: 'Compilers at the same time. [default: one per processor, as far as memory allows]',
      min: 1,
    }),
    force: Flags.boolean({ summary: 'Build again even if nothing changed, and try the release again.' }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(SetupCommand);
    const settings = loadWorkerSettings();
    using shutdown = listenForShutdown();
    const signal = shutdown.drain;
    const consent = flags['no-packages'] ? 'never' : flags.yes ? 'yes' : 'ask';
    const plain = plainSetupWishes(settings, { consent, say: (line) => this.say(line), signal });
    if (flags.detect) return await this.detect(plain);
    if (flags.list) return await this.list(plain);
    if (flags.use !== undefined) return await this.use(plain, flags.use);
    if (flags.adopt !== undefined) return await this.adopt(plain, flags.adopt);

    const wishes: SetupWishes = {
      ...plain,
      backend: flags.backend,
      ...(plain.ask !== undefined && consent === 'ask' ? { chooseBackend: askBackend } : {}),
      source: flags.source,
      definitions: flags['cmake-define'] ?? [],
      jobs: flags.jobs,
      model: flags['no-model'] || flags['build-only'] ? undefined : wishedModel(flags.model, settings),
      wantsVad: settings.vadEnabled !== false && settings.vadModel === undefined,
      isForced: flags.force,
      isBuildOnly: flags['build-only'],
      variants: flags['no-compare'] ? 'first' : 'all',
      wantsMoreRepositories: flags['rpm-fusion'],
      saysReference: true,
    };
    if (flags['dry-run']) {
      const steps = await describeSetup(wishes);
      this.log(steps.join('\n'));
      return { steps };
    }
    const report = await runSetup(wishes);
    for (const line of describeReport(report, shortPath)) this.log(line);
    await configureAfterSetup({
      file: workerEnvFile(),
      model: report.model,
      usualFile: modelFile(plain.paths, settings.model),
      mustAsk: flags.configure,
      mayAsk: plain.ask !== undefined && consent === 'ask' && !this.jsonEnabled() && !flags['build-only'],
      say: plain.say,
      signal,
    });
    return report;
  }

  private async detect({ paths, signal }: SetupWishes): Promise<unknown> {
    const machine = await detectMachine(paths.folder, signal);
    const recommendation = recommendBackend(machine);
    for (const line of describeMachine(machine, recommendation)) this.log(line);
    return { machine, recommendation, run: chooseRunOptions(machine, recommendation.backend) };
  }

  private async list({ paths, signal }: SetupWishes): Promise<unknown> {
    const engines = await asSetup(signal, () => listEngines(paths));
    const isForPeople = process.stdout.isTTY && !this.jsonEnabled();
    for (const line of describeEngines(engines, isForPeople)) this.log(line);
    return { engines };
  }

  private async use(plain: SetupWishes, wanted: string): Promise<unknown> {
    const switched = await asSetup(plain.signal, () => switchEngine({ ...plain, model: undefined, wanted }));
    for (const line of describeSwitched(switched)) this.log(line);
    return switched;
  }

  private async adopt(plain: SetupWishes, given: string): Promise<unknown> {
    const { paths, signal } = plain;
    const machine = await detectMachine(paths.folder, signal);
    const runFor = (backend: Backend) => chooseRunOptions(machine, backend);
    const adopted = await asSetup(signal, () => adoptEngine({ ...plain, model: undefined, given, runFor }));
    for (const line of describeAdopted(adopted)) this.log(line);
    return adopted;
  }
}

/** What is done instead of a set-up: one of these, and nothing that is for a set-up alone. */
function actions(action: 'detect' | 'list' | 'use' | 'adopt'): string[] {
  const others = ['detect', 'list', 'use', 'adopt'].filter((other) => other !== action);
  return [...others, 'backend', 'model', 'source', 'cmake-define', 'force', 'build-only', 'dry-run', 'configure'];
}

function wishedModel(given: string | undefined, { model }: WorkerSettings): ModelWish {
  const wanted = given ?? (isGiven('STT_MODEL') ? model : undefined);
  if (wanted === undefined) return { kind: 'choose' };
  const isFile = isModelPath(wanted);
  return isFile ? { kind: 'file', file: wanted } : { kind: 'named', name: wanted };
}
