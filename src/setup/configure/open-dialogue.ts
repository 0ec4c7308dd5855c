/**
 * Several questions on the terminal, on standard error: standard output stays the command's own. The terminal is in raw mode from the
 * first question to the last, so that it never echoes by itself; what is typed is shown only while a question is open that is not about
 * a secret. That is why no prompt library does it: they go raw for each question anew.
 */
import { createInterface } from 'node:readline';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { Writable } from 'node:stream';
import { AppError } from '../../app-error.ts';
import { exitCodes } from '../../exit-codes.ts';

export type Dialogue = Disposable & {
  /** The answer, without blanks around it. @throws AppError where it is broken off. */
  ask: (question: string) => Promise<string>;
  /** The same, never shown, and exactly as it was typed. */
  askSecret: (question: string) => Promise<string>;
  say: (line: string) => void;
};

/** What is pasted, or comes over a network, comes in pieces that lie closer together than this. */
const quietMs = 10;

type Waiting = { answer: (line: string) => void; fail: (error: AppError) => void };

/** @param signal aborts the open question. */
export function openDialogue(
  signal: AbortSignal,
  input: NodeJS.ReadStream = process.stdin,
  output: NodeJS.WriteStream = process.stderr,
): Dialogue {
  let isShown = false;
  let waiting: Waiting | undefined;
  let broken: AppError | undefined;
  /** Lines that came with the answer in one go: something was pasted. */
  let surplus = 0;
  /** Something came since it was last looked. */
  let isHeard = false;

  const screen = new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      if (isShown) output.write(chunk);
      done();
    },
  });
  const terminal = createInterface({
    input,
    // readline asks how wide it is, to know where a line wraps.
    output: Object.defineProperty(screen, 'columns', { get: () => output.columns }),
    terminal: true,
    historySize: 0,
  });
  const onData = (): void => {
    isHeard = true;
  };
  input.on('data', onData);
  const breakOff = (error: AppError): void => {
    if (broken !== undefined) return;
    broken = error;
    output.write('\n');
    terminal.close();
    waiting?.fail(error);
  };
  const onAbort = (): void => breakOff(interrupted());
  signal.addEventListener('abort', onAbort, { once: true });
  terminal.on('line', (line) => {
    if (waiting === undefined) surplus += 1;
    else {
      // At once: the rest of a pasted text comes before anything that was awaited.
      isShown = false;
      waiting.answer(line);
      waiting = undefined;
    }
  });
  // In raw mode Ctrl-C is a key like others.
  terminal.on('SIGINT', onAbort);
  terminal.on('close', () => breakOff(inputEnded()));

  /** Takes from the terminal what was typed up to now: while the program started, it kept that to itself. */
  const drain = async (): Promise<void> => {
    do {
      isHeard = false;
      await sleep(quietMs);
      // The timer may be due before anything was read.
      await turn();
    } while (isHeard);
  };

  const nextLine = async (question: string, isSecret: boolean): Promise<string> => {
    await drain();
    if (signal.aborted) onAbort();
    if (broken !== undefined) throw broken;
    // What was typed before the question was asked is no answer to it, and might be a secret that must not be shown.
    terminal.write(null, { ctrl: true, name: 'e' });
    terminal.write(null, { ctrl: true, name: 'u' });
    surplus = 0;
    terminal.setPrompt(isSecret ? '' : question);
    if (isSecret) output.write(question);
    isShown = !isSecret;
    terminal.prompt();
    const line = await new Promise<string>((resolve, reject) => {
      waiting = { answer: resolve, fail: reject };
    });
    if (isSecret) output.write('\n');
    await turn();
    return line;
  };
  const say = (line: string): void => {
    output.write(`${line}\n`);
  };
  return {
    ask: async (question) => (await nextLine(question, false)).trim(),
    async askSecret(question) {
      for (;;) {
        const line = await nextLine(question, true);
        if (surplus === 0 && terminal.line === '') return line;
        say('  That was more than one line, and was not taken. "stt config set NAME --stdin" reads such a secret.');
      }
    },
    say,
    [Symbol.dispose]() {
      broken ??= interrupted();
      waiting = undefined;
      signal.removeEventListener('abort', onAbort);
      input.off('data', onData);
      terminal.close();
    },
  };
}

function interrupted(): AppError {
  return new AppError('The questions were interrupted; nothing was written.', {
    code: 'STT_INTERRUPTED',
    hint: 'To be asked again, give the same command; or use "stt config set".',
    exitCode: exitCodes.interrupted,
  });
}

function inputEnded(): AppError {
  return new AppError('The input ended before all was answered; nothing was written.', {
    code: 'STT_NO_ANSWER',
    hint: 'To be asked again, give the same command; or use "stt config set".',
    exitCode: exitCodes.noInput,
  });
}
