/** Whether what answers at SERVER_URL is a server of ours, and hands out tasks now. Pure. */
import { exitCodes } from '../../exit-codes.ts';
import { printable } from '../../printable.ts';
import { parseProblem } from '../../protocol/problem.ts';
import { headers as names, protocolVersion } from '../../protocol/wire.ts';
import { describeAnswer, type RawAnswer } from '../../worker/wire/server-answer.ts';
import type { ServerLook } from '../ask-server.ts';
import { type Checked, fail, ok, warn } from '../finding.ts';

export type ServerSeen = {
  /**
   * `ancestor`: it may be one; any program may know no such path. `guarded`: a proxy before it wants to know first who asks. `unknown`:
   * it answers as ours do, and does not say what it is.
   */
  flavour: 'protocol 2' | 'ancestor' | 'guarded' | 'unknown';
  look: Extract<ServerLook, { kind: 'answered' }>;
};

/** @param shownUrl without a password. */
export function checkServer(look: ServerLook, shownUrl: string): Checked<ServerSeen> {
  if (look.kind === 'silent') {
    return notThere(`${shownUrl} cannot be reached: ${printable(look.reason)}`, fixFor(look.code, shownUrl));
  }
  const { answer } = look;
  const took = `answers in ${Math.max(0, look.answeredAtMs - look.askedAtMs)} ms`;
  const problem = parseProblem(answer.body);
  const isOurs = answer.headers[names.protocol] === protocolVersion;
  if (answer.status === 200 && isStatusOk(answer.body)) {
    if (isOurs) return ok(`${shownUrl} ${took}, and hands out tasks`, { flavour: 'protocol 2', look });
    return warn(`${shownUrl} ${took}, but does not say what it is`, fixForUnknown, { flavour: 'unknown', look });
  }
  if (answer.status === 503 && (problem?.code === 'not_ready' || problem?.code === 'overloaded')) {
    const fix = 'Look after the server; workers wait meanwhile, and go on by themselves.';
    const found = `${shownUrl} ${took}, but hands out no tasks now: ${printable(problem.detail)}`;
    if (isOurs) return warn(found, fix, { flavour: 'protocol 2', look });
    return warn(`${found} (it does not say what it is)`, `${fix}\n${fixForUnknown}`, { flavour: 'unknown', look });
  }
  if (answer.status === 401 || answer.status === 403 || answer.status === 407) {
    return ok(`${shownUrl} ${took}, and wants to know who asks`, { flavour: 'guarded', look });
  }
  if (answer.status === 404 && problem?.code === undefined && problem?.detail === 'Not Found') {
    return warn(
      `${shownUrl} ${took}, and looks like an ancestor's server: leases are not renewed there, nor tasks handed back`,
      'Nothing to do if it is one. If not, set SERVER_URL to where stt-server listens: other programs answer like that too.',
      { flavour: 'ancestor', look },
    );
  }
  if (answer.status === 404 && problem?.code === 'not_found') {
    return notThere(
      `${shownUrl}: there is an stt-server, but not at this path`,
      'Take the path away from SERVER_URL, or see where the proxy before the server puts it.',
    );
  }
  return notThere(`${shownUrl} ${took}, but not as a server of ours: ${describeAnswer(answer)}`, fixForAnswer(answer));
}

const notThere = (found: string, fix: string): Checked<never> =>
  fail(found, fix, 'STT_SERVER_AWAY', exitCodes.unavailable);

function isStatusOk(body: string): boolean {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === 'object' && parsed !== null && 'status' in parsed && parsed.status === 'ok';
  } catch {
    return false;
  }
}

const fixForUnknown =
  'If it is an stt-server, an older one, update it. If not, set SERVER_URL to where stt-server listens.';

function fixForAnswer({ status }: RawAnswer): string {
  if (status >= 300 && status < 400) return 'Set SERVER_URL to the address that it redirects to.';
  if (status >= 500) return 'Look after the server, and the proxy before it if there is one.';
  return 'Set SERVER_URL to where stt-server listens: another program answers there, or a login page.';
}

const lookAtName = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NONAME', 'EAI_NODATA']);
const lookAtNetwork = new Set(['ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN']);
const lookAtDates = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);

function fixFor(code: string | undefined, shownUrl: string): string {
  if (code === 'ECONNREFUSED')
    return 'Start the server there ("stt-server"), or set SERVER_URL to where it listens. A server that listens on 127.0.0.1 is seen by its own machine only.';
  if (lookAtName.has(code ?? ''))
    return 'See that the name in SERVER_URL is right and known to DNS, or write the address.';
  if (lookAtNetwork.has(code ?? ''))
    return 'See that the machine is up, and that no firewall keeps this one from its port.';
  if (lookAtDates.has(code ?? ''))
    return "See that the clocks of both machines are right; else the server's certificate must be renewed.";
  if (/CERT|SELF_SIGNED|VERIFY|ISSUER/u.test(code ?? ''))
    return "See that the certificate is for the name in SERVER_URL. Where it is of an authority of your own, set NODE_EXTRA_CA_CERTS to that authority's certificate.";
  const other = shownUrl.startsWith('https:') ? 'http://' : 'https://';
  return `See that SERVER_URL names the right port, and whether it must begin with ${other}.`;
}
