/**
 * The first line of every file that install-service makes: by which version, and the hash of what follows. By it a file that somebody
 * changed is told from one of an older version, which may be replaced without a question. Pure.
 */
import { createHash } from 'node:crypto';

export type Maker = {
  /** `stt`, `stt-server`. */
  program: string;
  version: string;
};

export type Seal = Maker & {
  /** Nobody changed it since. */
  isWhole: boolean;
  body: string;
};

/** @param advice where changes belong, a sentence. */
export function sealText(body: string, { program, version }: Maker, advice: string): string {
  const line = `Made by ${program} install-service, stt ${version}; sha256:`;
  if (!body.startsWith(xmlLine)) return `# ${line}${digest(body)} of what follows. ${advice}\n${body}`;
  // Before it nothing may stand in a file of XML.
  const rest = body.slice(xmlLine.length);
  return `${xmlLine}<!-- ${line}${digest(rest)} of what follows. ${advice} -->\n${rest}`;
}

/** @returns undefined for a file that was not made by us. */
export function readSeal(text: string): Seal | undefined {
  const found = sealLine.exec(text);
  if (found === null) return undefined;
  const [line, program = '', version = '', hash] = found;
  const body = text.slice(line.length);
  return { program, version, isWhole: digest(body) === hash, body };
}

/** The same file with another body; what somebody changed stays changed. @returns undefined for one that was not made by us. */
export function changeSealed(text: string, change: (body: string) => string): string | undefined {
  const seal = readSeal(text);
  if (seal === undefined) return undefined;
  const line = text.slice(0, text.length - seal.body.length);
  const body = change(seal.body);
  return (seal.isWhole ? line.replace(digest(seal.body), digest(body)) : line) + body;
}

export type FileState =
  | { kind: 'absent' }
  | { kind: 'same' }
  /** Ours and as we made it, perhaps by another version. */
  | { kind: 'older'; seal: Seal }
  | { kind: 'edited'; seal: Seal }
  | { kind: 'foreign' };

/** What is there, measured by what is to be there; undefined: nothing. */
export function judgeFile(present: string | undefined, wanted: string | undefined): FileState {
  if (present === undefined) return { kind: 'absent' };
  if (present === wanted) return { kind: 'same' };
  const seal = readSeal(present);
  if (seal === undefined) return { kind: 'foreign' };
  return seal.isWhole ? { kind: 'older', seal } : { kind: 'edited', seal };
}

const xmlLine = '<?xml version="1.0" encoding="UTF-8"?>\n';
const sealLine =
  /^(?:<\?xml[^\n]*\n)?(?:# |<!-- )Made by (\S+) install-service, stt (\S+); sha256:([0-9a-f]{64}) of what follows\.[^\n]*\n/u;
const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
