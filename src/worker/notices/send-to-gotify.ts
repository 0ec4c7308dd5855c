/** One message to a Gotify server. It does not throw, and what it says of a failure never holds the key. */
import { systemErrorCode } from '../../app-error.ts';
import type { Secret } from '../../config/secret.ts';

export type GotifyMessage = { title: string; message: string; priority: number };

export type GotifyTarget = { url: string; key: Secret };

const timeoutMs = 5000;

/** @returns undefined where it was taken, else why not: completes "Gotify could not be told: ...". */
export async function sendToGotify(
  target: GotifyTarget,
  message: GotifyMessage,
  signal: AbortSignal,
): Promise<string | undefined> {
  // fetch would show both in its complaint.
  if (!/^[\x21-\x7E]+$/u.test(target.key.reveal())) return 'GOTIFY_KEY holds characters that no key has';
  const url = new URL(`${target.url}/message`);
  if (url.username !== '' || url.password !== '') return 'GOTIFY_URL must hold no user name and no password';
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-gotify-key': target.key.reveal() },
      body: JSON.stringify(message),
      // A redirect would take the key to somebody else.
      redirect: 'manual',
      signal: AbortSignal.any([signal, timeout]),
    });
    // What it says besides is of no use, and may be endless.
    await answer.body?.cancel();
    return answer.ok ? undefined : `it answered ${answer.status}${hintOf(answer.status)}`;
  } catch (error) {
    if (timeout.aborted) return `no answer within ${timeoutMs / 1000} s`;
    if (signal.aborted) return 'the worker ended before it answered';
    const cause = error instanceof Error ? error.cause : undefined;
    return `no connection (${systemErrorCode(cause) ?? 'the request failed'})`;
  }
}

function hintOf(status: number): string {
  if (status === 401 || status === 403) return ', is GOTIFY_KEY the token of an application?';
  return status >= 300 && status < 400 ? ', a redirect: is GOTIFY_URL right?' : '';
}
