/**
 * The JSON bodies of the wire: one schema each, for checking what arrives and for the types on both sides. Unknown keys are
 * dropped, so a newer peer may send more; null is as good as absent, since many clients send it.
 */
import { z } from 'zod';

/** A body whose unknown values are null reads as if they were absent. */
const message = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.preprocess((body) => {
    if (typeof body !== 'object' || body === null || Array.isArray(body)) return body;
    return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
  }, z.object(shape));

const leaseId = z.string().min(1).max(128);
const shortText = z.string().max(200);
/** Cut, never refused: a report that is too long still ends the lease. */
const cutAt = (length: number) =>
  z
    .string()
    .transform((text) => text.slice(0, length))
    .optional();
const seconds = z.number().nonnegative().max(1e9);

/** What a worker is doing with a task. */
export const phases = ['download', 'decode', 'transcribe', 'deliver'] as const;
export type Phase = (typeof phases)[number];

/** Who is to blame for an attempt that failed. */
export const faults = ['recording', 'engine', 'machine'] as const;
export type Fault = (typeof faults)[number];

const isPlainText = (text: string): boolean => /^[^\p{C}]+$/u.test(text);

/** Why a worker doubts its transcript. A newer worker may know more reasons, so any word is kept; what is too much is cut. */
const suspectReasons = z
  .array(z.string())
  .transform((reasons) =>
    reasons
      .map((reason) => reason.slice(0, 40))
      .filter(isPlainText)
      .slice(0, 10),
  )
  .optional()
  .catch(undefined);

/** `POST /result`: the ancestor sends id and vtt; the rest is what the worker measured. */
export const resultMessage = message({
  id: leaseId,
  /** The transcript, WebVTT. */
  vtt: z.string().min(1),
  /** Wall time of the engine. */
  seconds: seconds.optional(),
  /** Length of the audio in seconds. */
  duration: seconds.optional(),
  /** The language spoken: as told, or as detected. */
  language: z.string().max(16).optional(),
  model: shortText.optional(),
  engine: shortText.optional(),
  flags: z.string().max(1000).optional(),
  suspect: suspectReasons,
});
export type ResultMessage = z.infer<typeof resultMessage>;

/** `POST /error`: this attempt failed. The ancestor sends the id alone. */
export const errorMessage = message({
  id: leaseId,
  error: cutAt(20_000),
  fault: z.enum(faults).optional().catch(undefined),
});
export type ErrorMessage = z.infer<typeof errorMessage>;

/** `POST /heartbeat`: still at it. `progress` is 0 to 1 within the phase. */
export const heartbeatMessage = message({
  id: leaseId,
  phase: z.enum(phases).optional(),
  progress: z.number().min(0).max(1).optional(),
  /** What keeps this worker from taking more tasks, where it is broken. */
  trouble: cutAt(1000),
});
export type HeartbeatMessage = z.infer<typeof heartbeatMessage>;

/** `POST /release`: give the task to somebody else; not an attempt. */
export const releaseMessage = message({
  id: leaseId,
  reason: cutAt(1000),
});
export type ReleaseMessage = z.infer<typeof releaseMessage>;
