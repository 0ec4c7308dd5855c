/** Random commands of several actors: workers with and without tokens, the scan, the sweep, a person; and what happens to the clock. */
import * as fc from 'fast-check';
import type { LibraryChange } from '../task-catalogue.ts';
import type { TaskSelection } from '../task-desk.ts';
import type { FinishedState } from '../task-state.ts';

export type LeaseCommand =
  | { kind: 'renew' }
  | { kind: 'release'; outcome: 'released' | 'superseded' | 'recording_changed' }
  | { kind: 'fail' }
  | { kind: 'complete'; state: FinishedState; sha256: string };

export type Command =
  | { kind: 'claim'; credential: string | undefined }
  /** `lease` picks one of those granted so far; `credential` is another one's. */
  | (LeaseCommand & { lease: number; credential: string | undefined })
  | { kind: 'sweep' }
  | { kind: 'apply'; changes: LibraryChange[] }
  | { kind: 'retry' | 'cancel' | 'purge'; selection: TaskSelection }
  | { kind: 'admit' | 'revoke'; name: string };

export type Step =
  /** All at once, without waiting for an answer. */
  { kind: 'together'; commands: Command[] } | { kind: 'pass' | 'jump'; ms: number } | { kind: 'restart' };

const credentials = ['anton', 'berta'];
const paths = ['a.mp3', 'd/b.mp3', 'd/Ä.mp3', 'd/e/c.mp3'];
const path = fc.constantFrom(...paths);
const fingerprint = fc.constantFrom('f1', 'f2');
const language = fc.constantFrom('en', 'de');
const recording = { path, fingerprint, sizeBytes: fc.integer({ min: 1, max: 3 }), language };

const change: fc.Arbitrary<LibraryChange> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('add' as const), ...recording }) },
  fc.record({ kind: fc.constantFrom('replace' as const, 'reopen' as const), ...recording }),
  fc.record({ kind: fc.constantFrom('language' as const, 'offer' as const), path, language }),
  fc.record({ kind: fc.constantFrom('find' as const, 'withhold' as const, 'remove' as const), path }),
  fc.record({ kind: fc.constant('digest' as const), path, fingerprint, sha256: fc.constant('digest') }),
);

const selection: fc.Arbitrary<TaskSelection> = fc.oneof(
  fc.constant({}),
  fc.record({ pathPart: fc.constantFrom('d/', 'ä', 'A.MP3') }),
  fc.record({ states: fc.subarray(['pending', 'leased', 'waiting', 'done', 'dead'] as const) }),
);

const leaseCommand: fc.Arbitrary<LeaseCommand> = fc.oneof(
  fc.record({ kind: fc.constantFrom('renew' as const, 'fail' as const) }),
  fc.record({
    kind: fc.constant('release' as const),
    outcome: fc.constantFrom('released' as const, 'superseded' as const, 'recording_changed' as const),
  }),
  fc.record({
    kind: fc.constant('complete' as const),
    state: fc.constantFrom('done' as const, 'no_speech' as const),
    sha256: fc.constantFrom('s1', 's2'),
  }),
);
const ofLease = fc
  .tuple(leaseCommand, fc.nat({ max: 100 }), fc.option(fc.constantFrom(...credentials), { nil: undefined, freq: 6 }))
  .map(([command, lease, credential]): Command => ({ ...command, lease, credential }));

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('claim' as const),
      credential: fc.constantFrom(undefined, ...credentials),
    }),
  },
  { weight: 8, arbitrary: ofLease },
  { weight: 2, arbitrary: fc.constant({ kind: 'sweep' as const }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('apply' as const),
      changes: fc.array(change, { minLength: 1, maxLength: 4 }),
    }),
  },
  fc.record({ kind: fc.constantFrom('retry' as const, 'cancel' as const, 'purge' as const), selection }),
  fc.record({ kind: fc.constantFrom('admit' as const, 'revoke' as const), name: fc.constantFrom(...credentials) }),
);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 16,
    arbitrary: fc.record({
      kind: fc.constant('together' as const),
      commands: fc.array(command, { minLength: 1, maxLength: 5 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(999, 1000, 15_000, 60_000) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('jump' as const), ms: fc.constantFrom(86_400_000, -86_400_000) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
);

export const randomSteps = fc.array(step, { minLength: 5, maxLength: 40, size: 'max' });
