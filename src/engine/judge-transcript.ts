/**
 * Decides what a run of the engine was worth, by the artefact and never by the exit code. Pure.
 * A wrong "failed" costs another attempt; a wrong "no_speech" loses a recording for ever: so silence must be well attested.
 */
import { longestBodyBytes } from '../protocol/wire.ts';
import { emptyTranscript, parseTranscript } from '../protocol/web-vtt.ts';
import { mendTranscript } from './mend-transcript.ts';
import type { EngineRun } from './whisper-cli.ts';

export type Verdict =
  { kind: 'ok'; vtt: string } | { kind: 'no_speech'; vtt: string } | { kind: 'failed'; reason: string };

/** Whisper hears in windows of 30 s and may end a cue anywhere in the last one. */
const windowSeconds = 30;

export function judgeTranscript(run: EngineRun, audioSeconds: number): Verdict {
  if (run.isModelEmpty) return failed(run, 'the engine found nothing in the model file');
  if (run.vtt === undefined) return failed(run, 'the engine wrote no transcript');
  if (run.vtt === '') return failed(run, 'the engine wrote an empty file');
  if (Buffer.byteLength(run.vtt) > longestBodyBytes) return failed(run, 'the transcript is too long to be true');
  // whisper-cli closes the header and every cue with an empty line; a full disk cuts the file anywhere and still gives exit 0.
  if (!run.vtt.endsWith('\n\n')) return failed(run, 'the transcript is cut off');

  const vtt = mendTranscript(run.vtt);
  const { cues, errors } = parseTranscript(vtt);
  if (errors.length > 0) return failed(run, `the transcript is not WebVTT (${errors[0]})`);

  const lastEnd = cues.reduce((latest, cue) => Math.max(latest, cue.endSeconds), 0);
  if (run.heardUntilSeconds !== undefined && lastEnd < run.heardUntilSeconds - 0.01) {
    return failed(
      run,
      `the transcript ends at ${lastEnd} s, but the engine heard speech until ${run.heardUntilSeconds} s`,
    );
  }
  if (lastEnd > audioSeconds + windowSeconds) {
    return failed(
      run,
      `the transcript goes on until ${lastEnd} s, but the recording ends at ${audioSeconds.toFixed(1)} s`,
    );
  }
  if (cues.some((cue) => cue.text !== '')) return { kind: 'ok', vtt };
  return run.endedWell
    ? { kind: 'no_speech', vtt: emptyTranscript }
    : failed(run, 'the engine heard nothing before it ended');
}

function failed(run: EngineRun, reason: string): Verdict {
  return { kind: 'failed', reason: run.endedWell ? reason : `${reason} (${run.end})` };
}
