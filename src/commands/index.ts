/** The commands of `stt`, by name. */
import { ConfigPathCommand } from './config/path.ts';
import { SetConfigCommand } from './config/set.ts';
import { ShowConfigCommand } from './config/show.ts';
import { UnsetConfigCommand } from './config/unset.ts';
import { DemoCommand } from './demo.ts';
import { DoctorCommand } from './doctor.ts';
import { DrainCommand } from './drain.ts';
import { InstallWorkerServiceCommand } from './install-service.ts';
import { DownloadModelsCommand } from './models/download.ts';
import { ListModelsCommand } from './models/list.ts';
import { RemoveModelCommand } from './models/remove.ts';
import { VerifyModelsCommand } from './models/verify.ts';
import { ExportOutboxCommand } from './outbox/export.ts';
import { FlushOutboxCommand } from './outbox/flush.ts';
import { ListOutboxCommand } from './outbox/list.ts';
import { PauseCommand } from './pause.ts';
import { ResumeCommand } from './resume.ts';
import { RunCommand } from './run.ts';
import { ServeCommand } from './serve.ts';
import { WorkerServiceLogsCommand } from './service/logs.ts';
import { RestartWorkerServiceCommand } from './service/restart.ts';
import { WorkerServiceStatusCommand } from './service/status.ts';
import { SetupCommand } from './setup.ts';
import { StatsCommand } from './stats.ts';
import { StatusCommand } from './status.ts';
import { UninstallWorkerServiceCommand } from './uninstall-service.ts';

export const commands = {
  config: ShowConfigCommand,
  'config:path': ConfigPathCommand,
  'config:set': SetConfigCommand,
  'config:unset': UnsetConfigCommand,
  demo: DemoCommand,
  doctor: DoctorCommand,
  drain: DrainCommand,
  'install-service': InstallWorkerServiceCommand,
  'models:download': DownloadModelsCommand,
  'models:list': ListModelsCommand,
  'models:remove': RemoveModelCommand,
  'models:verify': VerifyModelsCommand,
  'outbox:export': ExportOutboxCommand,
  'outbox:flush': FlushOutboxCommand,
  'outbox:list': ListOutboxCommand,
  pause: PauseCommand,
  resume: ResumeCommand,
  run: RunCommand,
  serve: ServeCommand,
  'service:logs': WorkerServiceLogsCommand,
  'service:restart': RestartWorkerServiceCommand,
  'service:status': WorkerServiceStatusCommand,
  setup: SetupCommand,
  stats: StatsCommand,
  status: StatusCommand,
  'uninstall-service': UninstallWorkerServiceCommand,
};
