/**
 * Decides what a run of the engine was worth, by the artefact and never by the exit code. Pure.
 * A wrong "failed" costs another attempt; a wrong "no_speech" loses a recording for ever: so silence must be well attested. What is
 * well formed and still doubtful is "suspect": it is delivered, with the reasons.
 */
import { longestBodyBytes } from '../protocol/wire.ts';
import { type Cue, emptyTranscript, parseTranscript } from '../protocol/web-vtt.ts';
import { mendTranscript } from './mend-transcript.ts';
import { type AudioExtent, endsEarly, goesOnAfterEnd, goesOnInSilence } from './suspicions/beside-the-sound.ts';
import { isInLoop } from './suspicions/in-loop.ts';
import type { EngineRun } from './whisper-cli.ts';

/**
 * Why a transcript may be wrong all the same: a person, or another model, should look at it. `repeats`: a loop; `ends_early`: long
 * before the sound ends; `in_silence`: much is said where there is no sound; `outside_audio`: something is said after the end.
 */
export type SuspectReason = 'repeats' | 'ends_early' | 'in_silence' | 'outside_audio';

/** Each kind of look, on the cues that have text. */
const looks: Record<SuspectReason, (cues: readonly Cue[], audio: AudioExtent) => boolean> = {
  repeats: isInLoop,
  ends_early: endsEarly,
  in_silence: goesOnInSilence,
  outside_audio: goesOnAfterEnd,
};

/**
 * `fault`: whose it is as far as the run tells. `engine` says no more than that the engine gave nothing of use: who wants to blame
 * the recording proves first that the engine works on a good one (prove-on-sample).
 */
export type Judgement =
  | { kind: 'ok'; vtt: string }
  | { kind: 'no_speech'; vtt: string }
  | { kind: 'suspect'; vtt: string; reasons: readonly SuspectReason[] }
  | { kind: 'failed'; reason: string; fault: 'recording' | 'engine' | 'machine' };

/** Whisper hears in windows of 30 s and may end a cue anywhere in the last one. */
const windowSeconds = 30;

export function judgeTranscript(run: EngineRun, audio: AudioExtent): Judgement {
  if (run.isModelEmpty) return failed(run, 'the engine found nothing in the model file');
  if (run.vtt === undefined) return failed(run, 'the engine wrote no transcript');
  // whisper-cli looks at nothing it writes: on a full disk it cuts the file anywhere, or leaves it empty, and gives exit 0.
  if (run.vtt === '') return failed(run, 'the engine wrote an empty file', run.endedWell);
  if (Buffer.byteLength(run.vtt) > longestBodyBytes) return failed(run, 'the transcript is too long to be true');
  // It closes the header and every cue with an empty line.
  if (!run.vtt.endsWith('\n\n')) return failed(run, 'the transcript is cut off', run.endedWell && isWebVtt(run.vtt));

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
  if (lastEnd > audio.seconds + windowSeconds) {
    return failed(
      run,
      `the transcript goes on until ${lastEnd} s, but the recording ends at ${audio.seconds.toFixed(1)} s`,
    );
  }
  const spoken = cues.filter((cue) => cue.text !== '');
  if (spoken.length === 0) {
    return run.endedWell
      ? { kind: 'no_speech', vtt: emptyTranscript }
      : failed(run, 'the engine heard nothing before it ended');
  }
  const reasons = Object.entries(looks)
    .filter(([, look]) => look(spoken, audio))
    .map(([reason]) => reason as SuspectReason);
  return reasons.length === 0 ? { kind: 'ok', vtt } : { kind: 'suspect', vtt, reasons };
}

const isWebVtt = (text: string): boolean => 'WEBVTT\n\n'.startsWith(text) || text.startsWith('WEBVTT\n');

/** @param isHalfWritten by an engine that ended well: it had more to write, and the disk did not take it. */
function failed(run: EngineRun, what: string, isHalfWritten = false): Judgement {
  const { machineTrouble, endedBy } = run;
  const isOfMachine = machineTrouble !== undefined || endedBy === 'outside' || isHalfWritten;
  const asides = [
    run.endedWell ? undefined : run.end,
    machineTrouble ?? (isHalfWritten ? 'is the disk full?' : undefined),
    endedBy === 'outside' ? 'from outside: did this machine run out of memory?' : undefined,
  ].filter((aside) => aside !== undefined);
  return {
    kind: 'failed',
    reason: asides.length === 0 ? what : `${what} (${asides.join('; ')})`,
    fault: isOfMachine ? 'machine' : 'engine',
  };
}
