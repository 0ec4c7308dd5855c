/**
 * Names on the wire: paths, headers, numbers both sides agree on. The first three calls are the ancestor's and stay as they are;
 * a worker that sends `X-STT-Protocol: 2` may use the rest.
 */
export const paths = {
  task: '/task',
  /** `GET /task/ID/audio`, with Range: the recording again, under the same lease. */
  audio: (leaseId: string): string => `/task/${encodeURIComponent(leaseId)}/audio`,
  result: '/result',
  error: '/error',
  heartbeat: '/heartbeat',
  release: '/release',
  livez: '/livez',
  readyz: '/readyz',
} as const;

/** Lower case, as Node.js gives them. */
export const headers = {
  taskId: 'x-task-id',
  language: 'x-language',
  protocol: 'x-stt-protocol',
  leaseSeconds: 'x-lease-seconds',
  /** The worker's NODE_NAME, for the server's logs. */
  worker: 'x-stt-worker',
  /** RFC 9530: `sha-256=:BASE64:` over the whole recording, also with a 206. */
  digest: 'repr-digest',
} as const;

export const protocolVersion = '2';

/** A protocol 2 worker renews its lease this often. */
export const heartbeatSeconds = 20;

/** The longest `GET /task?wait=SECONDS`. */
export const longestWaitSeconds = 60;

/** A request body may have so many bytes: the transcript of some forty hours. */
export const longestBodyBytes = 4 * 1024 * 1024;

/** `sha-256=:...:` for a digest given in hex. */
export function digestHeader(sha256Hex: string): string {
  return `sha-256=:${Buffer.from(sha256Hex, 'hex').toString('base64')}:`;
}

/** The SHA-256 in hex from a Repr-Digest header, or undefined where there is none. */
export function parseDigestHeader(value: string | undefined): string | undefined {
  const base64 = /(?:^|,\s*)sha-256=:([A-Za-z0-9+/]{43}=):/u.exec(value ?? '')?.[1];
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64').toString('hex');
}
