/**
 * The server with a clock that runs faster than the machine's, so that leases run out and failed tasks come back within a test.
 * Started as a program; settings come from the environment as always, the clock from TEST_CLOCK (`HurriedClock` as JSON).
 */
import { once } from 'node:events';
import { systemClock } from '../../src/clock.ts';
import { loadServerSettings } from '../../src/config/load-settings.ts';
import { createLogger } from '../../src/logger.ts';
import { listenForShutdown } from '../../src/shutdown.ts';
import { startServer } from '../../server/main.ts';

/** At `realMs` of the machine it is `shownMs`, and from then on time passes `speed` times as fast; over restarts too. */
export type HurriedClock = { realMs: number; shownMs: number; speed: number };

const { realMs, shownMs, speed } = JSON.parse(process.env['TEST_CLOCK'] ?? '') as HurriedClock;
const clock = {
  now: () => Math.round(shownMs + (Date.now() - realMs) * speed),
  sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms / speed, signal),
};

const settings = loadServerSettings();
const logger = createLogger({ level: settings.logLevel, directory: settings.logDir });
using shutdown = listenForShutdown();
const server = await startServer({ settings, logger, clock, signal: shutdown.drain });
logger.info({ url: server.url }, 'listening');
if (!shutdown.drain.aborted) await once(shutdown.drain, 'abort');
await server.close(shutdown.abort);
