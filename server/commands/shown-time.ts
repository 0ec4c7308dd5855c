/** Times as the commands of the server show them. Pure but for the time zone. */

/** `2026-11-22 14:05:09`, local time. */
export function shownTime(at: number | undefined): string {
  if (at === undefined) return '-';
  const local = new Date(at - new Date(at).getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19).replace('T', ' ');
}
