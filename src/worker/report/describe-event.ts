/** One line of English for each event that is worth one. Pure. */
import type { SuspectReason } from '../../engine/judge-transcript.ts';
import { stopReason } from '../schedule/stop-in-time.ts';
import type { Summary, WorkerEvent } from '../worker-event.ts';

/** @returns undefined for what only a live display shows. */
export function describeEvent(event: WorkerEvent): string | undefined {
  switch (event.event) {
    case 'started': {
      const vad = event.vad ? 'on' : 'off';
      return `Worker ${event.worker} asks ${event.server} for tasks: model ${event.model}, ${count(event.slots, 'slot')}, ${count(event.threads, 'thread')} each, voice activity detection ${vad}.`;
    }
    case 'warning':
      return event.message;
    case 'server_away':
      return `The server cannot be used: ${sentenceEnd(event.reason)} Trying again until it can.`;
    case 'server_back':
      return 'The server is back.';
    case 'idle':
      return 'The server has no task now.';
    case 'claimed':
      return `Task ${shortId(event.task)} begins (language ${event.language}).`;
    case 'progress':
    case 'error':
      // The command itself says what ended it.
      return undefined;
    case 'closed':
      if (event.why === 'stop' && event.until === undefined) return describeStop(event.reason);
      return `No more tasks are taken: ${event.reason}${event.until === undefined ? '' : ` (until ${localTime(event.until)})`}.${event.why === 'pause' ? ' "stt resume" ends that.' : ''}`;
    case 'opened':
      return 'Tasks are taken again.';
    case 'transcribed':
      return `Task ${shortId(event.task)} is done: ${describeWork(event)}${describeDelivery(event.delivery)}${describeSuspicion(event.suspect)}.`;
    case 'failed':
      return `Task ${shortId(event.task)} failed${event.fault === 'recording' ? '' : ` (${faultNames[event.fault]})`}: ${event.reason}`;
    case 'lease_lost':
      return `Task ${shortId(event.task)} was dropped, the server gave it to somebody else: ${sentenceEnd(event.reason)}`;
    case 'handed_back':
      return event.accepted
        ? `Task ${shortId(event.task)} was handed back: ${sentenceEnd(event.reason)}`
        : `Task ${shortId(event.task)} could not be handed back, its lease runs out: ${sentenceEnd(event.reason)}`;
    case 'waiting':
      return `The ${letterName[event.what]} of task ${shortId(event.task)} waits in the outbox: ${sentenceEnd(event.reason)}`;
    case 'delivered':
      return `The ${letterName[event.what]} of task ${shortId(event.task)} that waited in the outbox was delivered.`;
    case 'refused':
      return `The server refused the ${letterName[event.what]} of task ${shortId(event.task)}: ${sentenceEnd(event.reason)} It is kept in ${event.file}.`;
    case 'summary':
      break;
  }
  return describeSummary(event) + (event.demoModel ? ` (${demoModelNote})` : '');
}

export const demoModelNote = 'demo model: knows spoken digits only';

const describeStop = (reason: string): string =>
  reason === stopReason
    ? 'The worker stops: what will be done in time is finished, the rest handed back. A second signal hands back everything.'
    : `The worker stops: ${reason}.`;

/** With one full stop. */
const sentenceEnd = (reason: string): string => reason.replace(/(?<![.?!])$/u, '.');

const faultNames = { engine: 'the engine is at fault', machine: 'this machine is at fault' } as const;

const suspicions: Record<SuspectReason, string> = {
  repeats: 'one line comes many times over',
  in_silence: 'much is said where there is no sound',
  ends_early: 'it ends long before the sound does',
  outside_audio: 'it goes on after the end of the audio',
};

function describeSuspicion(reasons: readonly SuspectReason[] = []): string {
  return reasons.length === 0
    ? ''
    : `. It should be looked at: ${reasons.map((reason) => suspicions[reason]).join('; ')}`;
}

/** `2026-11-23 22:00`, in local time. */
function localTime(iso: string): string {
  const time = new Date(iso);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}`;
}

const letterName = { result: 'transcript', error: 'error report' } as const;

/** Ids are 32 characters of chance; eight tell them apart on a screen. */
export const shortId = (task: string): string => task.slice(0, 8);

/** `1:05:09` or `2:03`. */
export function clockTime(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

function describeWork({
  outcome,
  audioSeconds,
  engineSeconds,
}: {
  outcome: string;
  audioSeconds: number;
  engineSeconds: number;
}): string {
  const what = outcome === 'no_speech' ? 'no speech in ' : '';
  return `${what}${clockTime(audioSeconds)} of audio in ${clockTime(engineSeconds)}${timesRealTime(audioSeconds, engineSeconds)}`;
}

function describeDelivery(delivery: 'accepted' | 'refused' | 'waiting'): string {
  if (delivery === 'accepted') return '';
  return delivery === 'refused' ? ', but the server refused it' : ', to be delivered later';
}

function describeSummary(sum: Summary): string {
  const parts = [
    `${count(sum.transcribed, 'recording')} transcribed`,
    sum.noSpeech > 0 && `${sum.noSpeech} of them without speech`,
    sum.suspect > 0 && `${sum.suspect} of them to be looked at`,
    sum.audioSeconds > 0 &&
      `${clockTime(sum.audioSeconds)} of audio${timesRealTime(sum.audioSeconds, sum.engineSeconds)}`,
    sum.engineIdleSeconds > 0 &&
      sum.engineSeconds > 0 &&
      `engine idle ${((100 * sum.engineIdleSeconds) / (sum.engineSeconds + sum.engineIdleSeconds)).toFixed(1)} %`,
    sum.failed > 0 && `${sum.failed} failed`,
    sum.leaseLost > 0 && `${sum.leaseLost} lost to another worker`,
    sum.handedBack > 0 && `${sum.handedBack} handed back`,
    sum.refused > 0 && `${sum.refused} refused by the server`,
    sum.waiting > 0 && `${sum.waiting} waiting in the outbox, delivered at the next start`,
  ];
  return `${parts.filter(Boolean).join(', ')}.`;
}

function timesRealTime(audioSeconds: number, engineSeconds: number): string {
  return engineSeconds > 0 ? `, ${(audioSeconds / engineSeconds).toFixed(1)} x real time` : '';
}

const count = (value: number, noun: string): string => `${value} ${noun}${value === 1 ? '' : 's'}`;
