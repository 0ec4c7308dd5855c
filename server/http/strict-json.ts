/**
 * Reads JSON from strangers: UTF-8 only, no prototypes in disguise, no key twice, not deeper than any message is. What may be read
 * in two ways is not read at all. Pure.
 */
import { isUtf8 } from 'node:buffer';
import { parse } from 'secure-json-parse';
import { messageOf } from '../../src/app-error.ts';

export type StrictJson = { kind: 'json'; value: unknown } | { kind: 'wrong'; reason: string };

const deepest = 32;

export function parseStrictJson(bytes: Buffer): StrictJson {
  if (!isUtf8(bytes)) return wrong('it is not UTF-8');
  const text = bytes.toString('utf8');
  const objection = objectionToShape(text);
  if (objection !== undefined) return wrong(objection);
  try {
    return { kind: 'json', value: parse(text) as unknown };
  } catch (error) {
    // The parser quotes the text, which may be as long as it likes.
    return wrong(messageOf(error).includes('prototype') ? 'it has a forbidden key' : 'it is no JSON');
  }
}

const wrong = (reason: string): StrictJson => ({ kind: 'wrong', reason });

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;
const openers = new Set([0x7b, 0x5b]);
const closers = new Set([0x7d, 0x5d]);
const blanks = new Set([0x20, 0x09, 0x0a, 0x0d]);

/** Depth and repeated keys, which JSON.parse lets pass. The text need not be right; whether it is, the parser says. */
function objectionToShape(text: string): string | undefined {
  const keys: (Set<string> | undefined)[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charCodeAt(at);
    if (openers.has(char)) {
      if (keys.length === deepest) return `it is nested deeper than ${deepest} levels`;
      keys.push(undefined);
    } else if (closers.has(char)) keys.pop();
    else if (char === quote) {
      const end = endOfString(text, at);
      if (followsColon(text, end) && keys.length > 0) {
        const key = plainKey(text.slice(at, end + 1));
        const here = (keys[keys.length - 1] ??= new Set());
        if (here.has(key)) return 'it has a key twice';
        here.add(key);
      }
      at = end;
    }
  }
  return undefined;
}

/** Where the string that begins at `start` ends. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const char = text.charCodeAt(at);
    if (char === backslash) at += 1;
    else if (char === quote) return at;
  }
  return text.length;
}

function followsColon(text: string, end: number): boolean {
  let at = end + 1;
  while (blanks.has(text.charCodeAt(at))) at += 1;
  return text.charCodeAt(at) === colon;
}

/** `"\u0069d"` is `"id"`. */
function plainKey(quoted: string): string {
  if (!quoted.includes('\\')) return quoted;
  try {
    return JSON.stringify(JSON.parse(quoted));
  } catch {
    return quoted;
  }
}
