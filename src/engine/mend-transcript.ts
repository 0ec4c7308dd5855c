/**
 * whisper-cli writes what it heard unescaped ("AT&T", "a < b"), and now and then a cue without length or out of order. WebVTT
 * allows none of these. This mends just them and leaves everything else for the judge to find. Pure.
 */

const timing = /^(\d{2,}:\d{2}:\d{2}\.\d{3}) --> (\d{2,}:\d{2}:\d{2}\.\d{3})$/u;

export function mendTranscript(vtt: string): string {
  const [header = '', ...blocks] = vtt.split(/\n{2,}/u);
  const cues = blocks.map(mendBlock);
  // Stable, and what is no cue stays where it is found wrong.
  cues.sort((one, other) => (one.start < other.start ? -1 : Number(one.start > other.start)));
  return [header, ...cues.map((cue) => cue.text)].join('\n\n');
}

/** `start` compares as text, since the engine pads its numbers; text that is no cue sorts last, where the parser meets it. */
function mendBlock(block: string): { start: string; text: string } {
  const [first = '', ...lines] = block.split('\n');
  const found = timing.exec(first);
  if (found === null) return { start: '~', text: block };
  const [, start = '', end = ''] = found;
  const text = lines.map(escapeText).join('\n');
  return { start, text: `${start} --> ${end > start ? end : oneMillisecondAfter(start)}\n${text}` };
}

const escapeText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

function oneMillisecondAfter(time: string): string {
  const [hours, minutes, seconds] = time.split(':').map(Number) as [number, number, number];
  const total = Math.round((hours * 3600 + minutes * 60 + seconds) * 1000) + 1;
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  const rest = (total % 60_000) / 1000;
  return `${two(total / 3_600_000)}:${two((total / 60_000) % 60)}:${rest.toFixed(3).padStart(6, '0')}`;
}
