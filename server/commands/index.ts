/** The commands of `stt-server`, by name. Each loads what it needs when it runs. */
import { BackupCommand } from './backup.ts';
import { InstallServerServiceCommand } from './install-service.ts';
import { ServeCommand } from './serve.ts';
import { ServerServiceLogsCommand } from './service/logs.ts';
import { RestartServerServiceCommand } from './service/restart.ts';
import { ServerServiceStatusCommand } from './service/status.ts';
import { CancelTasksCommand } from './tasks/cancel.ts';
import { ListTasksCommand } from './tasks/list.ts';
import { PurgeTasksCommand } from './tasks/purge.ts';
import { RetryTasksCommand } from './tasks/retry.ts';
import { ShowTaskCommand } from './tasks/show.ts';
import { UninstallServerServiceCommand } from './uninstall-service.ts';
import { AddWorkerCommand } from './worker/add.ts';
import { ListWorkersCommand } from './worker/list.ts';
import { RevokeWorkerCommand } from './worker/revoke.ts';

export const commands = {
  serve: ServeCommand,
  backup: BackupCommand,
  'install-service': InstallServerServiceCommand,
  'service:logs': ServerServiceLogsCommand,
  'service:restart': RestartServerServiceCommand,
  'service:status': ServerServiceStatusCommand,
  'uninstall-service': UninstallServerServiceCommand,
  'tasks:list': ListTasksCommand,
  'tasks:show': ShowTaskCommand,
  'tasks:retry': RetryTasksCommand,
  'tasks:cancel': CancelTasksCommand,
  'tasks:purge': PurgeTasksCommand,
  'worker:add': AddWorkerCommand,
  'worker:list': ListWorkersCommand,
  'worker:revoke': RevokeWorkerCommand,
};
