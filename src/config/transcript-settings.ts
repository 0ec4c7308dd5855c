/** How transcripts are named and which formats are written, as settings. Pure. */

export const formats = ['vtt', 'srt', 'txt', 'json'] as const;
export type TranscriptFormat = (typeof formats)[number];

/** `{stem}.vtt` or `{stem}.{lang}.vtt`; nothing in it may lead out of the recording's folder. */
export function transcriptName(value: string): string {
  const rest = value.replace('{stem}', '').replace('{lang}', '');
  if (!value.startsWith('{stem}') || !value.endsWith('.vtt') || /[/\\{}\s\p{Cc}]/u.test(rest)) {
    throw new Error(`"${value}" is not a name like {stem}.vtt or {stem}.{lang}.vtt`);
  }
  return value;
}

export function transcriptFormats(value: string): readonly TranscriptFormat[] {
  const named = value.split(/[\s,]+/u).filter((item) => item !== '');
  const wrong = named.find((item) => !formats.includes(item.toLowerCase() as TranscriptFormat));
  if (wrong !== undefined) throw new Error(`"${wrong}" is not one of ${formats.join(', ')}`);
  const wanted = new Set(named.map((item) => item.toLowerCase()));
  return formats.filter((format) => format === 'vtt' || wanted.has(format));
}
