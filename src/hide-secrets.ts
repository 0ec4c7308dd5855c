/**
 * The last guard of a log line: what should never have got there is hidden. A password in a URL, what follows `authorization`, a
 * token of the server. The first guard is not to log it: see `Secret` in config. Pure.
 */

const hidden = '[hidden]';
/** `http://user:password@host`, also where the password has an @ of its own, and where JSON escaped a character of it. */
const userInUrl = /(:\/\/)(?:[^\s"/?#\\]|\\.)+@/gu;
const authorization =
  /(authorization["']?\s{0,3}[:=,]\s{0,3}["']?)(?:(?:basic|bearer|digest)\s+)?([^\s"'\\,;}]*[^\s"'\\,;}`])/giu;
/** What stands for a token where a text says how to send one. */
const placeholder = /^(?:TOKEN|\.{3})[`.:)\]]*$/u;
/** As `stt-server worker add` makes them. */
const token = /\bstt_[wam]_[A-Za-z0-9_-]{20,}/gu;

export function hideSecrets(line: string): string {
  return line
    .replace(userInUrl, `$1${hidden}@`)
    .replace(authorization, (found: string, before: string, value: string) =>
      placeholder.test(value) ? found : before + hidden,
    )
    .replace(token, hidden);
}
