/**
 * A loop: the engine says the same over and over, as it does when it has lost the thread, often until the end of the recording.
 * A chorus, a "thank you" every minute or a long laugh is none. Pure.
 */
import type { Cue } from '../../protocol/web-vtt.ts';

/** So many rounds of the same cues, one right after another, are no chorus; reports of loops have dozens. */
const leastRounds = 8;
/** "Yes." and "No." may well follow one another. */
const leastRoundsOfShortLines = 16;
/** The engine may go round in two or three lines as well. */
const longestRoundCues = 4;

/** One line is most of the transcript, whatever stands between. */
const leastCues = 20;
const mostOfAll = 0.5;

/** Within one cue: a phrase over and over, over several lines of text. */
const leastTimesInCue = 10;
const leastLetters = 80;
const longestPhraseLetters = 40;

export function isInLoop(cues: readonly Cue[]): boolean {
  const lines = cues.map(({ text }) => plain(text)).filter((line) => line !== '');
  return goesRound(lines) || isMostlyOneLine(lines) || lines.some(goesRoundInside);
}

/** Case, punctuation and spaces say nothing: "Thank you!" is "thank you". */
function plain(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/&[a-z]+;|[\p{P}\p{S}\s]+/gu, ' ')
    .trim();
}

function goesRound(lines: readonly string[]): boolean {
  for (let round = 1; round <= longestRoundCues; round += 1) {
    let same = 0;
    for (let at = round; at < lines.length; at += 1) {
      same = lines[at] === lines[at - round] ? same + 1 : 0;
      const rounds = lines.slice(at - round + 1, at + 1).some(isLong) ? leastRounds : leastRoundsOfShortLines;
      // The first time a round is heard there is nothing before it to be the same as.
      if (same >= (rounds - 1) * round) return true;
    }
  }
  return false;
}

function isMostlyOneLine(lines: readonly string[]): boolean {
  if (lines.length < leastCues) return false;
  const times = new Map<string, number>();
  for (const line of lines) times.set(line, (times.get(line) ?? 0) + 1);
  return [...times].some(([line, count]) => isLong(line) && count > lines.length * mostOfAll);
}

function goesRoundInside(line: string): boolean {
  const letters = line.replaceAll(' ', '');
  for (let phrase = 1; phrase <= longestPhraseLetters; phrase += 1) {
    const least = Math.max(leastLetters, phrase * leastTimesInCue);
    let same = 0;
    for (let at = phrase; at < letters.length; at += 1) {
      same = letters[at] === letters[at - phrase] ? same + 1 : 0;
      if (same + phrase >= least) return true;
    }
  }
  return false;
}

/** Three words, or as much in a script that has no spaces. */
function isLong(line: string): boolean {
  return (
    line.split(' ').length >= 3 || (line.match(/[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}]/gu)?.length ?? 0) >= 6
  );
}
