/**
 * How the transcript of a recording is called (`STT_TRANSCRIPT_NAME`), and which names beside a recording count as its transcript.
 * Pure: it knows names only. A pattern begins with `{stem}`, may hold `{lang}`, and ends with `.vtt`.
 */
import path from 'node:path';
import type { TranscriptFormat } from '../../src/config/transcript-settings.ts';
import { languages, normaliseLanguage } from '../../src/protocol/languages.ts';
import { stemOf } from './media-types.ts';

/** Stands in a name where nobody knows the language. Source: ISO 639-2, "undetermined". */
export const undetermined = 'und';

/** @returns the path of the transcript to write, relative to the library. @param language of the transcript; `auto` is none. */
export function transcriptName(pattern: string, recordingPath: string, language: string | undefined): string {
  return pattern
    .replace('{lang}', () => normaliseLanguage(language ?? '') ?? undetermined)
    .replace('{stem}', () => stemOf(recordingPath));
}

/** @returns where another format of the transcript is written. `NAME.json` is a recording's sidecar, so that one gets a longer name. */
export function formatName(vttPath: string, format: TranscriptFormat): string {
  return `${stemOf(vttPath)}.${format === 'json' ? 'transcript.json' : format}`;
}

const longestNameBytes = 255;

/** Whether no file can be called so. Source: NAME_MAX of Linux and macOS. */
export function isTooLong(file: string): boolean {
  return Buffer.byteLength(path.posix.basename(file)) > longestNameBytes;
}

/**
 * The paths at which a transcript of this one recording may lie: to look at before it is handed out. The plain name always counts, so
 * that another pattern does not queue a whole library anew; with `auto` the transcript may be in any language.
 */
export function transcriptCandidates(pattern: string, recordingPath: string, language: string): string[] {
  const plain = `${stemOf(recordingPath)}.vtt`;
  const codes = language === 'auto' && pattern.includes('{lang}') ? languages : [language];
  const named = [...codes, undetermined].map((code) => transcriptName(pattern, recordingPath, code));
  return [...new Set([plain, ...named])];
}

/**
 * The stems among `recordingStems` that have a transcript in a folder with these names, in whatever known language. `talk.en.vtt`
 * belongs to `talk.en.mp3` where there is such a recording, and to `talk.mp3` otherwise.
 */
export function finishedStems(
  pattern: string,
  names: Iterable<string>,
  recordingStems: { has: (stem: string) => boolean },
): Set<string> {
  const finished = new Set<string>();
  for (const name of names) {
    if (!name.endsWith('.vtt')) continue;
    const plain = stemOf(name);
    if (recordingStems.has(plain)) finished.add(plain);
    else for (const stem of stemsBehind(pattern, name)) if (recordingStems.has(stem)) finished.add(stem);
  }
  return finished;
}

/**
 * Names that would be the transcript of one recording of the folder, but belong to another one: stem of the first -> such names. A
 * recording whose transcript may get such a name cannot be offered.
 */
export function sharedNames(pattern: string, recordingStems: ReadonlySet<string>): Map<string, string[]> {
  const shared = new Map<string, string[]>();
  if (pattern === plainPattern) return shared;
  for (const owner of recordingStems) {
    const name = `${owner}.vtt`;
    for (const stem of stemsBehind(pattern, name)) {
      if (stem !== owner && recordingStems.has(stem)) shared.set(stem, [...(shared.get(stem) ?? []), name]);
    }
  }
  return shared;
}

const plainPattern = '{stem}.vtt';

/** A name may be read in more than one way where nothing stands between the stem and the language. */
function stemsBehind(pattern: string, name: string): string[] {
  const [before = '', after] = pattern.slice('{stem}'.length).split('{lang}');
  if (after === undefined) return name.endsWith(before) ? [name.slice(0, -before.length)] : [];
  if (!name.endsWith(after)) return [];
  const body = name.slice(0, -after.length);
  return codeLengths.flatMap((length) => {
    const code = body.slice(-length);
    const rest = body.slice(0, -length);
    const isMeant = (languages.has(code) || code === undetermined) && rest.endsWith(before);
    return isMeant ? [rest.slice(0, rest.length - before.length)] : [];
  });
}

const codeLengths = [...new Set([undetermined, ...languages].map((code) => code.length))];
