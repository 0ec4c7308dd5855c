/** The commands of `stt`, by name. */
import { DemoCommand } from './demo.ts';
import { DrainCommand } from './drain.ts';
import { ExportOutboxCommand } from './outbox/export.ts';
import { FlushOutboxCommand } from './outbox/flush.ts';
import { ListOutboxCommand } from './outbox/list.ts';
import { PauseCommand } from './pause.ts';
import { ResumeCommand } from './resume.ts';
import { RunCommand } from './run.ts';
import { ServeCommand } from './serve.ts';
import { SetupCommand } from './setup.ts';
import { StatsCommand } from './stats.ts';
import { StatusCommand } from './status.ts';

export const commands = {
  demo: DemoCommand,
  drain: DrainCommand,
  'outbox:export': ExportOutboxCommand,
  'outbox:flush': FlushOutboxCommand,
  'outbox:list': ListOutboxCommand,
  pause: PauseCommand,
  resume: ResumeCommand,
  run: RunCommand,
  serve: ServeCommand,
  setup: SetupCommand,
  stats: StatsCommand,
  status: StatusCommand,
};
