/** A thread for the tests of calls: it answers, fails in several ways, and dies. */
import type { MessagePort } from 'node:worker_threads';
import { AppError } from '../../../src/app-error.ts';
import { answerCalls, type Call } from '../calls.ts';
import { bringUp, tell, threadStart } from '../inside.ts';

export type SampleVerbs = {
  add(one: number, other: number): number;
  /** How many calls came with the last message. */
  together(): number;
  fail(kind: 'code' | 'errcode' | 'app' | 'text'): void;
  never(): Promise<void>;
  say(word: string): void;
  lengthOf(bytes: ArrayBuffer): number;
  die(how: 'throws' | 'exits'): void;
};

const failures: Record<Parameters<SampleVerbs['fail']>[0], () => unknown> = {
  code: () => Object.assign(new RangeError('no room'), { code: 'ENOSPC' }),
  errcode: () => Object.assign(new Error('locked'), { errcode: 5 }),
  app: () => new AppError('Wrong.', { code: 'STT_DATABASE', hint: 'Do this.', exitCode: 78 }),
  text: () => 'only a text',
};

await bringUp(() => {
  const { port, data } = threadStart<{ cannotStart: boolean }>();
  if (data.cannotStart) throw failures.app();
  let together = 0;
  port.on('message', (calls: Call[]) => (together = calls.length));
  const verbs: SampleVerbs = {
    add: (one, other) => one + other,
    together: () => together,
    fail(kind) {
      throw failures[kind]();
    },
    never: () => new Promise(() => {}),
    say: (word) => tell(word),
    lengthOf: (bytes) => bytes.byteLength,
    die(how) {
      if (how === 'exits') process.exit(0);
      setImmediate(() => {
        throw new Error('a fault');
      });
    },
  };
  answerCalls(port satisfies MessagePort, verbs);
});
