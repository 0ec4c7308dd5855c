/**
 * Figures that stand elsewhere and are looked up when somebody scrapes: the queue, the disks, whether the server is ready. Each
 * source fails for itself: what it showed vanishes, `stt_figures_known` says so, and the rest of the page is as ever.
 */
import { statfs } from 'node:fs/promises';
import { Gauge, type Registry } from 'prom-client';
import type { Clock } from '../../src/clock.ts';
import type { QueueFigures } from '../queue/task-desk.ts';
import { LimitedLook } from './limited-look.ts';

export type FigureSources = {
  desk: { figures: () => Promise<QueueFigures> };
  readiness: { objection: () => Promise<string | undefined> };
  libraryRoot: string;
  databaseFolder: string;
};

/** A scrape waits so long for a source. Prometheus itself gives up after 10 s. */
const longestLookMs = 1000;

type Look = { source: string; show: () => Promise<void> };

export class ScrapedFigures {
  readonly #clock: Clock;
  readonly #tasks;
  readonly #liveLeases;
  readonly #oldestAge;
  readonly #ready;
  readonly #diskFree;
  readonly #known;
  #looks: Look[] = [];
  #refreshing: Promise<void> | undefined;

  constructor(registry: Registry, clock: Clock) {
    this.#clock = clock;
    const gauge = (name: string, help: string, labelNames: string[] = []): Gauge =>
      new Gauge({ name: `stt_${name}`, help, labelNames, registers: [registry] });
    this.#tasks = gauge('tasks', 'Tasks by state.', ['state']);
    this.#liveLeases = gauge('live_leases', 'Leases that live: tasks that a worker has now.');
    this.#oldestAge = gauge(
      'oldest_pending_task_age_seconds',
      'How long the oldest pending task exists; 0 without one.',
    );
    this.#ready = gauge('ready', 'Whether tasks are handed out: 1 or 0, as /readyz says.');
    this.#diskFree = gauge('disk_free_bytes', 'Free on the disk of the library and of the database.', ['of']);
    this.#known = gauge('figures_known', 'Whether a source of figures answered this scrape: 1 or 0.', ['source']);
    // Not 0 before anybody looked.
    this.#forgetTasks();
    this.#ready.remove();
  }

  follow({ desk, readiness, libraryRoot, databaseFolder }: FigureSources): void {
    const tasks = new LimitedLook(() => desk.figures(), longestLookMs);
    const ready = new LimitedLook(() => readiness.objection(), longestLookMs);
    const disk = (of: string, folder: string): Look => {
      const look = new LimitedLook(() => statfs(folder), longestLookMs);
      return {
        source: `${of}_disk`,
        show: async () => {
          this.#diskFree.remove({ of });
          const { bavail, bsize } = await look.take();
          this.#diskFree.set({ of }, bavail * bsize);
        },
      };
    };
    this.#looks = [
      { source: 'tasks', show: () => this.#showTasks(tasks) },
      { source: 'readiness', show: () => this.#showReady(ready) },
      disk('library', libraryRoot),
      disk('database', databaseFolder),
    ];
  }

  /** Never rejects, and is over within about a second. Scrapes at the same time share it. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refreshNow().finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  async #refreshNow(): Promise<void> {
    await Promise.all(
      this.#looks.map(async ({ source, show }) => {
        const isKnown = await show().then(
          () => 1,
          () => 0,
        );
        this.#known.set({ source }, isKnown);
      }),
    );
  }

  async #showTasks(look: LimitedLook<QueueFigures>): Promise<void> {
    this.#forgetTasks();
    const figures = await look.take();
    for (const [state, count] of Object.entries(figures.tasks)) this.#tasks.set({ state }, count);
    this.#liveLeases.set(figures.liveLeases);
    const { oldestPendingAt } = figures;
    const ageMs = oldestPendingAt === undefined ? 0 : this.#clock.now() - oldestPendingAt;
    this.#oldestAge.set(Math.max(0, ageMs) / 1000);
  }

  #forgetTasks(): void {
    this.#tasks.reset();
    this.#liveLeases.remove();
    this.#oldestAge.remove();
  }

  async #showReady(look: LimitedLook<string | undefined>): Promise<void> {
    this.#ready.remove();
    this.#ready.set((await look.take()) === undefined ? 1 : 0);
  }
}
