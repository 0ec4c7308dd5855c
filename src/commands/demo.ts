/** `stt demo`: what `./bin/quickstart` runs. Flags in, set-up and demo, print. */
import { Flags } from '@oclif/core';
import { loadWorkerSettings } from '../config/load-settings.ts';
import { demoLines, type DemoOutcome } from '../demo/demo-report.ts';
import { runDemo } from '../demo/run-demo.ts';
import { exitCodes } from '../exit-codes.ts';
import { runSetup } from '../setup/run-setup.ts';
import { plainSetupWishes } from '../setup/setup-request.ts';
import { listenForShutdown } from '../shutdown.ts';
import { BaseCommand } from './base-command.ts';

export class DemoCommand extends BaseCommand {
  static override summary = 'Transcribe the bundled sample recordings with a real server and a real worker.';
  static override description = `Builds whisper.cpp first where that is still to do ("stt setup"). Then starts stt-server on a temporary library with the
samples, starts "stt run --until-empty", and prints each transcript beside what was truly spoken, the word error rate, and the
speed. The model is for demo and tests only: it knows spoken digits and nothing else.

Exit code 0 only if every transcript arrived and the word error rate is below 5 %; 65 otherwise. Leaves nothing running.`;
  static override examples = ['<%= config.bin %> demo', '<%= config.bin %> demo --yes --json'];
  static override enableJsonFlag = true;
  static override flags = {
    yes: Flags.boolean({ char: 'y', description: 'Do not ask before missing packages are installed.' }),
  };

  override async run(): Promise<DemoOutcome & { library: string }> {
    const { flags } = await this.parse(DemoCommand);
    using shutdown = listenForShutdown();
    const signal = shutdown.drain;
    const consent = flags.yes ? 'yes' : 'ask';
    const request = plainSetupWishes(loadWorkerSettings(), { consent, signal, say: (line) => this.say(line) });
    // Any engine will do; where there is none, the one that needs the least.
    const chooseBackend = () => Promise.resolve('cpu' as const);
    await runSetup({ ...request, chooseBackend, model: { kind: 'named', name: 'demo-digits' } });

    const { outcome, library } = await runDemo({ paths: request.paths, signal, showProgress: !this.jsonEnabled() });
    for (const line of demoLines(outcome, library)) this.log(line);
    if (!outcome.passed) process.exitCode = exitCodes.data;
    return { ...outcome, library };
  }
}
