/**
 * What the clients of a fault test saw, line by line, and what must hold of it: one live lease at a time, one transcript per
 * recording, nothing acknowledged that changes. A line is written at once, so it survives the writer. Knows no server.
 */
import { readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';

/** Times are milliseconds of the machine's monotonic clock: the same in all processes. */
export type JournalLine = {
  sentMs: number;
  receivedMs: number;
  leaseId: string;
  recording: string;
} & (
  | { kind: 'granted'; termMs: number }
  /** Written before the transcript is sent for the first time. */
  | { kind: 'delivers' }
  /** Written before the task is handed back or reported as failed: a writer that dies then may have ended its lease. */
  | { kind: 'ends' }
  | { kind: 'answered'; call: Call; status: number; code?: string }
);

/** `again`: the same bytes once more after they were accepted; `other`: other bytes after that. */
export type Call = 'result' | 'again' | 'other' | 'heartbeat' | 'release' | 'error';

export const monotonicMs = (): number => Number(process.hrtime.bigint() / 1000n) / 1000;

/** What a client of these tests delivers: it names the lease, so no two leases deliver the same bytes. */
export function transcriptOf(recording: string, leaseId: string): string {
  return `WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n${recording} under ${leaseId}\n`;
}

export const sha256 = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex');

/** A line that was cut off by the death of its writer is left out. */
export function readJournal(file: string): JournalLine[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as JournalLine);
}

type Grant = Extract<JournalLine, { kind: 'granted' }>;
type Answer = Extract<JournalLine, { kind: 'answered' }>;

export type Verdict = {
  grants: number;
  /** Recording -> the lease whose transcript was acknowledged first, and when. */
  accepted: Map<string, { leaseId: string; receivedMs: number }>;
  /** Recording -> all transcripts that were ever sent for it. */
  tried: Map<string, Set<string>>;
  conflicts: number;
  /** In words; empty where every promise held. */
  violations: string[];
};

export function judge(lines: readonly JournalLine[]): Verdict {
  const violations: string[] = [];
  const accepted = new Map<string, { leaseId: string; receivedMs: number }>();
  const tried = new Map<string, Set<string>>();
  const answers = lines.filter((line): line is Answer => line.kind === 'answered');
  const grants = lines.filter((line): line is Grant => line.kind === 'granted');

  for (const line of lines) {
    if (line.kind !== 'delivers') continue;
    tried.set(line.recording, (tried.get(line.recording) ?? new Set()).add(transcriptOf(line.recording, line.leaseId)));
  }
  for (const answer of answers.toSorted((a, b) => a.receivedMs - b.receivedMs)) {
    const { call, status, recording, leaseId } = answer;
    const what = `${call} of ${recording} under ${leaseId}: ${status} ${answer.code ?? ''}`;
    if (![200, 409, 503].includes(status)) violations.push(`unexpected ${what}`);
    if (call === 'other' && status !== 409) violations.push(`other bytes: ${what}`);
    if (call === 'again' && status !== 200) violations.push(`the same bytes again: ${what}`);
    if (call !== 'result' || status !== 200) continue;
    const first = accepted.get(recording);
    if (first === undefined) accepted.set(recording, answer);
    else if (first.leaseId !== leaseId)
      violations.push(`a second transcript accepted: ${what}, before ${first.leaseId}`);
  }
  violations.push(...liveTwice(grants, lines, accepted));
  return {
    grants: grants.length,
    accepted,
    tried,
    conflicts: answers.filter(({ status }) => status === 409).length,
    violations,
  };
}

/** A delivery that was accepted ends its task for good, one that was refused came too late. */
const mayHaveEnded = (line: JournalLine): boolean =>
  line.kind === 'ends' || (line.kind === 'answered' && line.call !== 'heartbeat' && line.status !== 503);

/**
 * A lease lives at least for its term from when it, or its last renewal, was asked for, unless its worker ended it. Of two grants
 * whose replies were under way together either may have been the first.
 */
function liveTwice(grants: readonly Grant[], lines: readonly JournalLine[], accepted: Verdict['accepted']): string[] {
  const violations: string[] = [];
  const byLease = Map.groupBy(lines, (line) => line.leaseId);
  const livedUntil = (grant: Grant): number => {
    const said = byLease.get(grant.leaseId) ?? [];
    const renewed = said.filter((line) => line.kind === 'answered' && line.call === 'heartbeat' && line.status === 200);
    const term = Math.max(...[grant, ...renewed].map(({ sentMs }) => sentMs)) + grant.termMs;
    // The server counts whole milliseconds.
    return Math.min(term - 2, ...said.filter((line) => mayHaveEnded(line)).map(({ sentMs }) => sentMs));
  };
  for (const [recording, ofRecording] of Map.groupBy(grants, (grant) => grant.recording)) {
    const done = accepted.get(recording)?.receivedMs ?? Infinity;
    const inOrder = ofRecording.toSorted((a, b) => a.receivedMs - b.receivedMs);
    for (const [index, grant] of inOrder.entries()) {
      if (grant.sentMs > done) violations.push(`${recording} was granted after its transcript was acknowledged`);
      const next = inOrder[index + 1];
      if (next === undefined || next.receivedMs >= livedUntil(grant) || grant.receivedMs >= livedUntil(next)) continue;
      violations.push(
        `${recording} was granted twice: ${grant.leaseId} lived when ${next.leaseId} was granted; ` +
          JSON.stringify([...(byLease.get(grant.leaseId) ?? []), ...(byLease.get(next.leaseId) ?? [])]),
      );
    }
  }
  return violations;
}
