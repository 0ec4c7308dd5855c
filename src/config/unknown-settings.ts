/**
 * Finds names that look like settings and are none: a typo must not silently leave a default in place. `.env` may serve other
 * programs and the environment belongs to everybody, so only what is close to a real name is an error. Pure.
 */
import leven from 'leven';
import { serverSettings } from './server-settings.ts';
import { workerSettings } from './worker-settings.ts';

export type Names = { environment: readonly string[]; envFile: readonly string[] };

export type UnknownSettings = {
  /** Each completes a sentence: "AUDIO_DIRR is not a setting; did you mean AUDIO_DIR?". */
  problems: string[];
  /** Begin with STT_ and are close to nothing: told, and ignored. */
  strange: string[];
};

const prefix = 'STT_';

/** All names, of both programs: they may share one `.env`. */
export const knownNames: readonly string[] = [
  ...new Set(Object.values({ ...workerSettings, ...serverSettings }).map(({ env }) => env)),
];

/** Names the worker's settings file. It stands in the environment alone, since it says what is read besides. */
export const envFileName = 'STT_ENV_FILE';

/** What ggml reads itself; it is handed on to the engine. */
export const isEngineName = (name: string): boolean => /^GGML_[A-Z0-9_]+$/u.test(name);

/** @param names that have a value. */
export function findUnknownSettings({ environment, envFile }: Names): UnknownSettings {
  const known = new Set(knownNames);
  const inFile = envFile.filter((name) => !known.has(name) && !isEngineName(name));
  // Kubernetes puts STT_PORT and STT_SERVICE_HOST there for a service that is called stt; everything else is not ours to judge.
  const around = environment.filter((name) => name.startsWith(prefix) && !known.has(name) && name !== envFileName);

  const meant = new Map<string, string>();
  const strange = new Set<string>();
  for (const name of [...inFile, ...around]) {
    const near = nearestName(name) ?? (inFile.includes(name) ? withoutPrefix(name) : undefined);
    if (near !== undefined) meant.set(name, near);
    else if (name.startsWith(prefix)) strange.add(name);
  }
  return {
    problems: [...meant].map(([name, near]) => `${name} is not a setting; did you mean ${near}?`),
    strange: [...strange],
  };
}

/** The name that was probably meant: one slip in a short one, two in a longer one, whatever the case. */
function nearestName(name: string): string | undefined {
  const upper = name.toUpperCase();
  const ranked = knownNames
    .map((known) => ({ known, slips: leven(upper, known), grows: Math.abs(known.length - name.length) }))
    .filter(({ known, slips }) => slips <= (known.length < 8 ? 1 : 2))
    // Two letters that changed places are two slips, and no other length.
    .toSorted((a, b) => a.slips - b.slips || a.grows - b.grows);
  return ranked[0]?.known;
}

/** The ancestor's settings have no prefix; ours have one. */
function withoutPrefix(name: string): string | undefined {
  return knownNames.find((known) => name === `${prefix}${known}`);
}
