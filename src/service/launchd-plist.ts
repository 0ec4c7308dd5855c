/** The property list by which launchd (macOS) knows a service. Pure. */

export type PlistService = {
  label: string;
  command: readonly string[];
  environment: Readonly<Record<string, string>>;
  logFile: string;
  workingFolder: string;
  /** Of a service of the machine. */
  userName: string | undefined;
  /** How far it stands back; 0: not at all. */
  niceness: number;
  /** Of the files that it makes. */
  umask: number;
  /** After SIGTERM; then it is killed. */
  exitTimeoutSeconds: number;
};

type PlistValue = string | number | boolean | readonly string[] | { readonly [key: string]: PlistValue };

/** It is started at once when launchd is told of it, and anew after a failure; a worker or server that ended well stays down. */
export function renderPlist(service: PlistService): string {
  const { label, command, environment, logFile, workingFolder, userName, niceness, umask } = service;
  const keys: Readonly<Record<string, PlistValue>> = {
    Label: label,
    ProgramArguments: command,
    EnvironmentVariables: environment,
    WorkingDirectory: workingFolder,
    RunAtLoad: true,
    KeepAlive: { SuccessfulExit: false },
    // It knows no exit codes for which starting anew is of no use: not too often, then.
    ThrottleInterval: 30,
    ExitTimeOut: service.exitTimeoutSeconds,
    ProcessType: 'Background',
    ...(niceness === 0 ? {} : { Nice: niceness }),
    Umask: umask,
    ...(userName === undefined ? {} : { UserName: userName }),
    StandardOutPath: logFile,
    StandardErrorPath: logFile,
  };
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    '<plist version="1.0">',
    ...element(keys, ''),
    '</plist>',
    '',
  ].join('\n');
}

/** What `ProgramArguments` names, of a plist of ours. */
export function plistCommand(text: string): string[] {
  const list = /<key>ProgramArguments<\/key>\s*<array>(.*?)<\/array>/su.exec(text)?.[1] ?? '';
  return [...list.matchAll(/<string>(.*?)<\/string>/gsu)].map(([, word = '']) => unescaped(word));
}

/** What `EnvironmentVariables` says, of a plist of ours. */
export function plistEnvironment(text: string): Record<string, string> {
  const dict = /<key>EnvironmentVariables<\/key>\s*<dict>(.*?)<\/dict>/su.exec(text)?.[1] ?? '';
  const pairs = [...dict.matchAll(/<key>(.*?)<\/key>\s*<string>(.*?)<\/string>/gsu)];
  return Object.fromEntries(pairs.map(([, name = '', value = '']) => [unescaped(name), unescaped(value)]));
}

/** How long it may take to end, of a plist of ours; without one, as launchd has it. */
export const plistExitTimeout = (text = ''): number =>
  Number(/<key>ExitTimeOut<\/key>\s*<integer>(\d+)</u.exec(text)?.[1] ?? 20);

function element(value: PlistValue, indent: string): string[] {
  if (typeof value === 'string') return [`${indent}<string>${escaped(value)}</string>`];
  if (typeof value === 'number') return [`${indent}<integer>${value}</integer>`];
  if (typeof value === 'boolean') return [`${indent}<${value}/>`];
  const inner = `${indent}  `;
  if (isList(value)) return [`${indent}<array>`, ...value.flatMap((item) => element(item, inner)), `${indent}</array>`];
  const entries = Object.entries(value).flatMap(([key, item]) => [
    `${inner}<key>${escaped(key)}</key>`,
    ...element(item, inner),
  ]);
  return [`${indent}<dict>`, ...entries, `${indent}</dict>`];
}

const isList = (value: PlistValue): value is readonly string[] => Array.isArray(value);

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const unescaped = (text: string): string =>
  text.replaceAll('&gt;', '>').replaceAll('&lt;', '<').replaceAll('&amp;', '&');
