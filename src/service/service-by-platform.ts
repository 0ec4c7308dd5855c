/** The verbs of a service, by what runs services on this machine: systemd on Linux, launchd on macOS. */
import { type InstallReport, installOnSystemd } from './install-on-systemd.ts';
import { installOnLaunchd, uninstallOnLaunchd } from './install-on-launchd.ts';
import { type ChangeWishes, type InstallWishes, notHere, type ServiceWishes } from './install-wishes.ts';
import { launchdStatus, restartOnLaunchd, showLaunchdLogs } from './look-on-launchd.ts';
import {
  type LogWishes,
  restartService,
  type ServiceStatus,
  serviceStatus,
  showServiceLogs,
} from './look-at-service.ts';
import type { ServiceScope } from './service-program.ts';
import { uninstallOnSystemd, type UninstallReport } from './uninstall-on-systemd.ts';

type Verbs = {
  install: (wishes: InstallWishes) => Promise<InstallReport>;
  uninstall: (wishes: ChangeWishes) => Promise<UninstallReport>;
  status: (wishes: ServiceWishes) => Promise<ServiceStatus>;
  logs: (wishes: LogWishes) => Promise<void>;
  restart: (wishes: ServiceWishes) => Promise<{ unit: string; scope: ServiceScope }>;
};

const systemd: Verbs = {
  install: installOnSystemd,
  uninstall: uninstallOnSystemd,
  status: serviceStatus,
  logs: showServiceLogs,
  restart: restartService,
};

const launchd: Verbs = {
  install: installOnLaunchd,
  uninstall: uninstallOnLaunchd,
  status: launchdStatus,
  logs: showLaunchdLogs,
  restart: restartOnLaunchd,
};

/** @throws AppError where neither of them is. */
export function serviceVerbs(platform: NodeJS.Platform): Verbs {
  if (platform === 'linux') return systemd;
  if (platform === 'darwin') return launchd;
  throw notHere('Services of stt');
}
