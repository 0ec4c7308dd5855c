/**
 * What the server counts and shows at `/metrics` (Prometheus text). Others say what happened, here it is counted; what stands
 * somewhere else (the queue, the disks) is looked up at each scrape. No label carries anything that a peer or a file supplied.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { type Clock, systemClock } from '../../src/clock.ts';
import { packageVersion } from '../../src/package-folder.ts';
import { type ProblemCode, problemCodes } from '../../src/protocol/problem.ts';
import type { LeaseOutcome } from '../queue/task-queue.ts';
import type { FinishedState } from '../queue/task-state.ts';
import { ScrapedFigures, type FigureSources } from './scraped-figures.ts';

export type StoredTranscript = {
  state: FinishedState;
  transcriptBytes: number;
  /** Length of the recording, as its worker measured it. */
  audioSeconds?: number | undefined;
  /** How long the engine took. */
  workSeconds?: number | undefined;
  /** Its worker gave reasons to doubt it. */
  isSuspect?: boolean;
  /** From the grant of the lease until the transcript was stored. */
  turnaroundSeconds: number;
};

export type AnsweredRequest = {
  /** The pattern, like `/task/:id/audio`; undefined where no route matched. */
  route: string | undefined;
  method: string;
  status: number;
  seconds: number;
};

/** Those that the server itself brings about. Each is there from the start: an alert on an increase sees the first one. */
const outcomes: readonly LeaseOutcome[] = [
  'delivered',
  'failed',
  'released',
  'expired',
  'superseded',
  'recording_changed',
];

const requestBuckets = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60, 300];
const turnaroundBuckets = [1, 10, 60, 300, 900, 3600, 3 * 3600, 12 * 3600, 48 * 3600];
const realTimeBuckets = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];
const scanBuckets = [0.01, 0.1, 0.5, 1, 5, 15, 60, 300, 1800];
const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

export class Metrics {
  readonly #registry = new Registry();
  readonly #clock: Clock;
  readonly #figures: ScrapedFigures;
  readonly #granted;
  readonly #ended;
  readonly #refused;
  readonly #stored;
  readonly #suspect;
  readonly #transcriptBytes;
  readonly #recordingBytes;
  readonly #audioSeconds;
  readonly #turnaround;
  readonly #realTimeFactor;
  readonly #requests;
  readonly #authenticationFailures;
  readonly #scans;
  readonly #scannedAt;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
    const registers = [this.#registry];
    const counter = (name: string, help: string, labelNames: string[] = []): Counter =>
      new Counter({ name: `stt_${name}`, help, labelNames, registers });
    const histogram = (name: string, help: string, buckets: number[], labelNames: string[] = []): Histogram =>
      new Histogram({ name: `stt_${name}`, help, buckets, labelNames, registers });

    this.#granted = counter('leases_granted_total', 'Tasks handed out.');
    this.#ended = counter(
      'leases_ended_total',
      'Leases that ended, by how: expired is a worker that was not heard of.',
      ['outcome'],
    );
    this.#refused = counter('deliveries_refused_total', 'Transcripts that were refused, by the code of the answer.', [
      'code',
    ]);
    this.#stored = counter('transcripts_stored_total', 'Transcripts stored: done, or no_speech.', ['state']);
    this.#suspect = counter('transcripts_suspect_total', 'Transcripts stored that their worker doubts.');
    this.#transcriptBytes = counter('transcript_bytes_total', 'Bytes of the transcripts stored.');
    this.#recordingBytes = counter('recording_sent_bytes_total', 'Bytes of recordings sent to workers.');
    this.#audioSeconds = counter('audio_transcribed_seconds_total', 'Length of the recordings transcribed.');
    this.#turnaround = histogram(
      'task_turnaround_seconds',
      'From the grant of a task until its transcript was stored.',
      turnaroundBuckets,
    );
    this.#realTimeFactor = histogram(
      'real_time_factor',
      'Seconds that an engine took for one second of audio; below 1 is faster than it was spoken.',
      realTimeBuckets,
    );
    this.#requests = histogram(
      'http_request_duration_seconds',
      'Requests until their answer was sent, by route. A claim may wait for a task for up to 60 s.',
      requestBuckets,
      ['route', 'method', 'status'],
    );
    this.#authenticationFailures = counter('authentication_failures_total', 'Requests without a right token.');
    this.#scans = histogram('scan_duration_seconds', 'Scans of the library that came to their end.', scanBuckets);
    this.#scannedAt = new Gauge({
      name: 'stt_last_successful_scan_timestamp_seconds',
      help: 'When the last scan of the library came to its end, seconds since 1970.',
      registers,
    });
    new Gauge({ name: 'stt_build_info', help: 'Always 1.', labelNames: ['version', 'node'], registers }).set(
      { version: packageVersion(), node: process.versions.node },
      1,
    );
    for (const outcome of outcomes) this.#ended.inc({ outcome }, 0);
    for (const code of Object.keys(problemCodes)) this.#refused.inc({ code }, 0);
    for (const state of ['done', 'no_speech']) this.#stored.inc({ state }, 0);
    collectDefaultMetrics({ register: this.#registry });
    this.#figures = new ScrapedFigures(this.#registry, clock);
  }

  /** From now on each scrape also looks there. */
  follow(sources: FigureSources): void {
    this.#figures.follow(sources);
  }

  leaseGranted(): void {
    this.#granted.inc();
  }

  leaseEnded(outcome: LeaseOutcome): void {
    this.#ended.inc({ outcome });
  }

  deliveryRefused(code: ProblemCode): void {
    this.#refused.inc({ code });
  }

  transcriptStored(stored: StoredTranscript): void {
    const { state, transcriptBytes, audioSeconds, workSeconds, isSuspect, turnaroundSeconds } = stored;
    this.#stored.inc({ state });
    if (isSuspect === true) this.#suspect.inc();
    this.#transcriptBytes.inc(transcriptBytes);
    this.#turnaround.observe(Math.max(0, turnaroundSeconds));
    if (audioSeconds === undefined || audioSeconds <= 0) return;
    this.#audioSeconds.inc(audioSeconds);
    if (workSeconds !== undefined && workSeconds > 0) this.#realTimeFactor.observe(workSeconds / audioSeconds);
  }

  recordingBytesSent(sizeBytes: number): void {
    this.#recordingBytes.inc(sizeBytes);
  }

  authenticationFailed(): void {
    this.#authenticationFailures.inc();
  }

  requestAnswered({ route = 'none', method, status, seconds }: AnsweredRequest): void {
    // A method is the client's own word.
    this.#requests.observe({ route, method: knownMethods.has(method) ? method : 'other', status }, seconds);
  }

  /** A scan came to its end. */
  scanned(seconds: number): void {
    this.#scans.observe(seconds);
    this.#scannedAt.set(this.#clock.now() / 1000);
  }

  /** What a scrape gets. It never fails nor waits long: what cannot be looked up now is left out, and said to be. */
  async render(): Promise<{ contentType: string; text: string }> {
    await this.#figures.refresh();
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() };
  }
}
