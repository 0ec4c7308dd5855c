/** The commands of `stt`, by name. */
import { DemoCommand } from './demo.ts';
import { RunCommand } from './run.ts';
import { ServeCommand } from './serve.ts';
import { SetupCommand } from './setup.ts';

export const commands = { demo: DemoCommand, run: RunCommand, serve: ServeCommand, setup: SetupCommand };
