/**
 * Looks at the recordings of one folder that want a transcript, and says which can be offered, in which language. A file that is being
 * written is left alone until it has settled. Opens sidecars only; follows no link, opens no pipe. It waits for the disk.
 */
import { type BigIntStats, lstatSync, type Stats } from 'node:fs';
import { fingerprintOf } from './open-recording.ts';
import type { Offered } from './plan-changes.ts';
import type { SidecarCache } from './sidecar-cache.ts';
import type { Skipped, Wanted } from './sort-entries.ts';
import { isTooLong, transcriptCandidates, transcriptName } from './transcript-names.ts';

export type LookOptions = {
  /** For recordings whose sidecar does not state one; undefined: they are not offered. */
  defaultLanguage: string | undefined;
  /** As `STT_TRANSCRIPT_NAME`. */
  transcriptName: string;
  /** A file that changed within so many milliseconds is being written. */
  settleMs: number;
  /** Wall time of this machine: what modification times are compared with. */
  now: number;
};

export type LookedAt = {
  offered: Offered[];
  skipped: Skipped[];
  /** What is being written, or went away meanwhile: nothing can be said of it yet. */
  unsettled: Set<string>;
  /** Wall time when the first of them will have settled. */
  settlesAt: number | undefined;
};

/** @throws when something cannot be looked at: then nothing is known about the folder. */
export function lookAtWanted(
  folder: string,
  wanted: readonly Wanted[],
  sidecars: SidecarCache,
  options: LookOptions,
): LookedAt {
  const looked: LookedAt = { offered: [], skipped: [], unsettled: new Set(), settlesAt: undefined };
  for (const group of wanted) lookAtGroup(`${folder}/`, group, sidecars, options, looked);
  return looked;
}

function lookAtGroup(
  prefix: string,
  { stem, names, hasSidecar, forbiddenNames }: Wanted,
  sidecars: SidecarCache,
  options: LookOptions,
  looked: LookedAt,
): void {
  const chosen = chooseOne(prefix, names, options, looked);
  if (chosen === undefined) return;

  const file = `${prefix}${stem}.json`;
  const stat: Stats | undefined = hasSidecar ? lstatSync(file, { throwIfNoEntry: false }) : undefined;
  if (stat !== undefined && isSettling(stat.mtimeMs, options, looked)) {
    looked.unsettled.add(chosen.name);
    return;
  }
  const sidecar = stat === undefined ? silent : sidecars.read(file, stem, stat, options.now);
  if (sidecar.kind === 'bad') {
    const reason = `its sidecar (the .json beside it) is wrong: ${sidecar.reason}; mend it or take it away`;
    looked.skipped.push({ name: chosen.name, reason });
    return;
  }
  const language = sidecar.kind === 'language' ? sidecar.language : options.defaultLanguage;
  if (language === undefined) {
    looked.skipped.push({ name: chosen.name, reason: hasSidecar ? noLanguage : noSidecar });
    return;
  }
  if (isTooLong(transcriptName(options.transcriptName, chosen.name, language))) {
    looked.skipped.push({ name: chosen.name, reason: tooLong });
    return;
  }
  const candidates =
    forbiddenNames.length === 0 ? [] : transcriptCandidates(options.transcriptName, chosen.name, language);
  const forbidden = forbiddenNames.find((name) => candidates.includes(name));
  if (forbidden === undefined) looked.offered.push({ ...chosen, language });
  else {
    const reason = `its transcript would be called ${forbidden}, which belongs to another recording; rename one`;
    looked.skipped.push({ name: chosen.name, reason });
  }
}

const silent = { kind: 'silent' } as const;
const noLanguage = 'its sidecar states no language; add sql_params.language, or set STT_DEFAULT_LANGUAGE';
const tooLong = 'its transcript would have too long a name; shorten its own';
const noSidecar =
  'it has no sidecar; write {"sql_params":{"language":"en"}} to the .json beside it, or set STT_DEFAULT_LANGUAGE';

type Chosen = { name: string; fingerprint: string; sizeBytes: number };

/** Recordings with a common stem would share one transcript: the first that holds something gets it. */
function chooseOne(
  prefix: string,
  names: readonly string[],
  options: LookOptions,
  looked: LookedAt,
): Chosen | undefined {
  let first: string | undefined;
  let chosen: Chosen | undefined;
  for (const name of names) {
    const stat: BigIntStats | undefined = lstatSync(prefix + name, { bigint: true, throwIfNoEntry: false });
    // It was listed a moment ago. A disk that is being unmounted looks like that; the next scan knows.
    if (stat === undefined) looked.unsettled.add(name);
    else if (first !== undefined) {
      if (stat.size === 0n) looked.skipped.push({ name, reason: empty });
      else looked.skipped.push({ name, reason: `its transcript would have the name of that of ${first}; rename one` });
    } else if (isSettling(Number(stat.mtimeNs) / 1e6, options, looked)) {
      looked.unsettled.add(name);
      if (stat.size > 0n) first = name;
    } else if (stat.size === 0n) looked.skipped.push({ name, reason: empty });
    else {
      first = name;
      chosen = { name, fingerprint: fingerprintOf(stat), sizeBytes: Number(stat.size) };
    }
  }
  return chosen;
}

const empty = 'it is empty (0 bytes)';

/** A time in the future counts as settled, or a wrong clock would withhold a recording for ever. */
function isSettling(mtimeMs: number, { now, settleMs }: LookOptions, looked: LookedAt): boolean {
  if (Math.abs(now - mtimeMs) >= settleMs) return false;
  looked.settlesAt = Math.min(looked.settlesAt ?? Number.POSITIVE_INFINITY, mtimeMs + settleMs);
  return true;
}
