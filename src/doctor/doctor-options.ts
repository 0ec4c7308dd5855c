/** What `stt doctor` is asked. Types only. */
import type { Clock } from '../clock.ts';
import type { OffsetAt } from '../worker/schedule/local-starts.ts';
import type { Configuration } from './configuration.ts';
import type { CheckName, Finding } from './finding.ts';
import type { Program } from './checks/check-program.ts';

export type DoctorOptions = {
  program: Program;
  /** @throws AppError where settings are wrong. */
  configure: () => Configuration;
  /** Without what takes long: the checksum of the model, and the sample. */
  isQuick: boolean;
  /** Whether the server is asked. */
  asksServer: boolean;
  machine: {
    processors: number;
    totalBytes: number;
    availableBytes: number;
    timeZone: string | undefined;
    offsetAt: OffsetAt;
  };
  shortPath: (file: string) => string;
  clock: Clock;
  signal: AbortSignal;
  /** Each as soon as it is known and those before it are told. */
  onFinding: (finding: Finding) => void;
  /** What is being looked at, with every change. */
  onRunning?: (names: readonly CheckName[]) => void;
  onProgress?: (name: CheckName, fraction: number) => void;
  /** For the server to answer. */
  answerMs?: number;
};
