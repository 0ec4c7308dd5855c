/** What came of a set-up, in lines for people. Pure. */
import { commandLine } from '../command-line.ts';
import type { SetupReport } from './run-setup.ts';

/** @param shorten makes a path of it for people. */
export function describeReport(report: SetupReport, shorten: (file: string) => string): string[] {
  const { backend, source, variant, device, speed, run, model, declined, vadModel, logFile, seconds } = report;
  const told = [...Object.entries(run.environment).map(([name, value]) => `${name}=${value}`), ...run.arguments];
  const onDevice = device === undefined ? 'not tried on this machine' : `on ${device}, ${speedText(speed)}`;
  return [
    report.isUnchanged
      ? 'Everything is in place; nothing to do.'
      : report.isBuilt
        ? ''
        : 'The engine is up to date; nothing to build.',
    `Engine   ${source}, ${backend}${variant === undefined ? '' : ` (${variant})`}`,
    `         ${onDevice}`,
    ...(told.length === 0 ? [] : [`         told at each start: ${commandLine(told)}`]),
    `Program  ${shorten(report.whisperCli)}`,
    ...(model === undefined ? [] : [`Model    ${shorten(model.file)}`, `         ${model.purpose}`]),
    ...(vadModel === undefined ? [] : [`VAD      ${shorten(vadModel.file)}`]),
    ...(logFile === undefined ? [] : [`Log      ${shorten(logFile)}`]),
    `Took     ${seconds.toFixed(1)} s`,
    ...(model === undefined ? ['', ...withoutModel(declined)] : []),
  ];
}

const speedText = (speed: number | undefined): string =>
  speed === undefined ? '' : `${speed.toFixed(1)} seconds of the sample per second, loading the model included`;

const withoutModel = (declined: string | undefined): string[] => [
  `A worker needs a model: "stt models download ${declined ?? 'medium'}"; "stt models list" shows which there are.`,
];
