/** How far this machine's clock is from the server's, by the Date of its answer. Pure. */
import { type Checked, ok, skipped, warn } from '../finding.ts';
import type { ServerSeen } from './check-server.ts';

/** Working hours and TLS do not mind less; leases do not look at clocks at all. */
const toleratedSeconds = 60;

export function checkClock({ look }: ServerSeen): Checked {
  const date = look.answer.headers['date'];
  const serverMs = Date.parse(Array.isArray(date) ? (date[0] ?? '') : (date ?? ''));
  if (Number.isNaN(serverMs)) return skipped('the server does not say what time it is');
  // The header has no fractions of a second.
  const aheadSeconds = Math.round(((look.askedAtMs + look.answeredAtMs) / 2 - (serverMs + 500)) / 1000);
  const off = Math.abs(aheadSeconds);
  if (off <= 2) return ok("agrees with the server's", undefined);
  const found = `${describeSeconds(off)} ${aheadSeconds > 0 ? 'ahead of' : 'behind'} the server's`;
  if (off <= toleratedSeconds) return ok(found, undefined);
  const fix =
    'Let the network set the clocks of both machines: "timedatectl set-ntp true", or chrony. CRON and certificates go by the clock.';
  return warn(found, fix, undefined);
}

function describeSeconds(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} minutes`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} hours` : `${Math.round(seconds / 86_400)} days`;
}
