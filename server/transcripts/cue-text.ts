/**
 * The words of one cue: WebVTT's own tags and character references stay, balanced; everything else that looks like markup becomes
 * text. So neither a player nor a page can be made to run what a worker sent. Pure; what it has written it leaves as it is.
 */
import { readTime, writeTime, type CueTimes } from './cue-time.ts';

/** `<i>`, `</v>`, `<v.loud Anna>`, `<00:00:01.000>`, or what only looks like one. */
const markup = /<([^<>]*)>/gu;
const startTag = /^(c|i|b|u|ruby|rt|v|lang)((?:\.[\w-]+)*)(?:[ \n]+([^]*))?$/u;
const endTag = /^\/(c|i|b|u|ruby|rt|v|lang)$/u;
const ownReference = /&(?!(?:amp|lt|gt|lrm|rlm|nbsp);)/gu;
/** Nobody marks up speech deeper than this; a reader that works recursively could be broken with it. */
const deepestTags = 16;

/** @returns lines without blanks around them, none of them empty; '' where there are no words. */
export function normaliseCueText(text: string, times: CueTimes): string {
  const written = /[<>&]/u.test(text) ? new MarkupWriter(times).write(text) : text;
  const lines = linesOf(written);
  return plainText(lines) === '' ? '' : lines;
}

/** Without tags, with the characters that are meant. */
export function plainText(normalised: string): string {
  if (!/[<&]/u.test(normalised)) return normalised;
  const bare = normalised
    .replaceAll(/<[^>]*>/gu, '')
    .replaceAll(/&(\w+);/gu, (_, name: string) => references[name] ?? '');
  return linesOf(bare);
}

const references: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  lrm: '\u200E',
  rlm: '\u200F',
  nbsp: '\u00A0',
};

function linesOf(text: string): string {
  if (!text.includes('\n')) return text.trim();
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('\n');
}

function escapeText(text: string): string {
  return text.replaceAll(ownReference, '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

class MarkupWriter {
  readonly #times: CueTimes;
  readonly #open: string[] = [];
  #written = '';
  #lastTimeMs: number;

  constructor(times: CueTimes) {
    this.#times = times;
    this.#lastTimeMs = times.startMs;
  }

  write(text: string): string {
    let done = 0;
    for (const found of text.matchAll(markup)) {
      this.#written += escapeText(text.slice(done, found.index));
      done = found.index + found[0].length;
      this.#tag(found[1] ?? '');
    }
    this.#written += escapeText(text.slice(done));
    this.#closeDownTo(0);
    return this.#written;
  }

  #tag(tag: string): void {
    const ended = endTag.exec(tag)?.[1];
    if (ended !== undefined) {
      // An end without a beginning says nothing.
      const at = this.#open.lastIndexOf(ended);
      if (at !== -1) this.#closeDownTo(at);
      return;
    }
    const timeMs = readTime(tag);
    if (timeMs !== undefined) {
      this.#time(timeMs);
      return;
    }
    const [, name, classes = '', annotation] = startTag.exec(tag) ?? [];
    const note = annotation?.replaceAll(/\s+/gu, ' ').trim() ?? '';
    const isNoted = name === 'v' || name === 'lang';
    if (name === undefined || isNoted !== (note !== '')) this.#written += escapeText(`<${tag}>`);
    else if (this.#open.length < deepestTags) this.#start(name, classes, note);
  }

  #start(name: string, classes: string, note: string): void {
    if (name === 'rt' && this.#open.at(-1) !== 'ruby') return;
    // A new voice ends the one before; most writers leave that out.
    const voice = name === 'v' ? this.#open.indexOf('v') : -1;
    if (voice !== -1) this.#closeDownTo(voice);
    this.#open.push(name);
    this.#written += `<${name}${classes}${note === '' ? '' : ` ${escapeText(note)}`}>`;
  }

  /** Only times within the cue, one after the other, are valid; others say nothing. */
  #time(timeMs: number): void {
    if (timeMs <= this.#lastTimeMs || timeMs >= this.#times.endMs) return;
    this.#lastTimeMs = timeMs;
    this.#written += `<${writeTime(timeMs)}>`;
  }

  #closeDownTo(depth: number): void {
    while (this.#open.length > depth) this.#written += `</${this.#open.pop()}>`;
  }
}
