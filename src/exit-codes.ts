/**
 * Exit codes are a contract with systemd units, scripts and people. They follow sysexits(3);
 * 2 is what the command-line parser itself uses for a wrong flag.
 */
export const exitCodes = {
  ok: 0,
  usage: 2,
  /** Some recordings could not be transcribed, or data was damaged. */
  data: 65,
  /** A file or directory that was named does not exist or cannot be read. */
  noInput: 66,
  /** A program or a server that is needed is not there. */
  unavailable: 69,
  /** A bug in stt. */
  software: 70,
  /** A file could not be written: disk full, read-only. */
  ioError: 74,
  /** Try again later. */
  temporary: 75,
  noPermission: 77,
  /** A setting, a model or an engine is missing or wrong. */
  config: 78,
  /** Ended by Ctrl-C. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
