/** Writes the language of manual pages, roff with the man macros. Pure. */

/** Text as it stands on the page, whatever it begins with. `code` becomes bold. */
export function roffText(text: string): string {
  return escaped(text)
    .replaceAll(/`([^`]+)`/gu, String.raw`\fB$1\fR`)
    .replaceAll(/^(?=[.'])/gmu, String.raw`\&`);
}

function escaped(text: string): string {
  return text
    .replaceAll('\\', String.raw`\e`)
    .replaceAll('-', String.raw`\-`)
    .replaceAll('~', String.raw`\(ti`)
    .replaceAll('^', String.raw`\(ha`);
}

export const bold = (text: string): string => String.raw`\fB${roffText(text)}\fR`;
export const italic = (text: string): string => String.raw`\fI${roffText(text)}\fR`;

/** A request with its arguments, each as one word. */
export function request(name: string, ...words: string[]): string {
  const quoted = words.map((word) => `"${word.replaceAll('"', String.raw`\(dq`)}"`);
  return ['.' + name, ...quoted].join(' ');
}

export const section = (title: string): string => request('SH', roffText(title.toUpperCase()));
export const subsection = (title: string): string => request('SS', title);

/** Paragraphs that empty lines separate. */
export function paragraphs(text: string): string[] {
  const parts = text.split(/\n{2,}/u).filter((part) => part.trim() !== '');
  return parts.flatMap((part) => ['.PP', roffText(part)]);
}

/** @param term roff already. */
export const listed = (term: string, text: string): string[] => ['.TP', term, roffText(text === '' ? ' ' : text)];

/** Lines as they are, set in. */
export function verbatim(text: string): string[] {
  return ['.RS 4', '.nf', roffText(text), '.fi', '.RE'];
}
