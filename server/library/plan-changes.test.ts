import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { KnownTask } from '../queue/task-catalogue.ts';
import type { TaskState } from '../queue/task-state.ts';
import { type FolderView, planChanges } from './plan-changes.ts';

const run = suite('planChanges');

const known = (state: TaskState, isOffered = true): KnownTask[] => [
  { name: 'a.mp3', state, fingerprint: 'f1', language: 'en', isOffered },
];
const offered = { name: 'a.mp3', fingerprint: 'f1', sizeBytes: 7, language: 'en' };
const view = (given: Partial<FolderView>): FolderView => ({
  folder: 'sub',
  offered: [],
  finished: [],
  present: new Set(),
  ...given,
});
const kinds = (given: Partial<FolderView>, state: TaskState, isOffered = true): string =>
  planChanges(view(given), known(state, isOffered))
    .map(({ kind }) => kind)
    .join();

run('adds what is new, by its path in the library', () => {
  const add = { kind: 'add', fingerprint: 'f1', sizeBytes: 7, language: 'en' };
  assert.equal(planChanges(view({ offered: [offered] }), []), [{ ...add, path: 'sub/a.mp3' }]);
  assert.equal(planChanges(view({ folder: '', offered: [offered] }), []), [{ ...add, path: 'a.mp3' }]);
  assert.equal(planChanges(view({ finished: ['a.mp3'] }), []), []);
});

run('changes nothing where nothing changed', () => {
  for (const state of ['pending', 'waiting', 'dead', 'leased'] as const)
    assert.is(kinds({ offered: [offered] }, state), '');
  for (const state of ['done', 'no_speech'] as const) assert.is(kinds({ finished: ['a.mp3'] }, state), '');
});

run('follows replaced recordings, corrected languages and found transcripts', () => {
  for (const state of ['pending', 'waiting', 'dead'] as const) {
    assert.is(kinds({ offered: [{ ...offered, fingerprint: 'f2' }] }, state), 'replace');
    assert.is(kinds({ offered: [{ ...offered, language: 'de' }] }, state), 'language');
    assert.is(kinds({ finished: ['a.mp3'] }, state), 'find');
    assert.is(kinds({}, state), 'remove');
  }
});

run('withholds what is there but cannot be offered, and offers it again', () => {
  const present = new Set(['a.mp3']);
  for (const state of ['pending', 'waiting', 'dead'] as const) {
    assert.is(kinds({ present }, state), 'withhold');
    assert.is(kinds({ present }, state, false), '');
    assert.is(kinds({ present, offered: [offered] }, state, false), 'offer');
    assert.is(kinds({ present, offered: [{ ...offered, fingerprint: 'f2' }] }, state, false), 'replace');
    assert.is(kinds({}, state, false), 'remove');
  }
  for (const state of ['leased', 'done', 'no_speech'] as const) assert.is(kinds({ present }, state), '');
});

run('changes nothing about a recording that is being written', () => {
  const being = { present: new Set(['a.mp3']), unsettled: new Set(['a.mp3']) };
  for (const state of ['pending', 'waiting', 'dead', 'done', 'no_speech', 'leased'] as const) {
    assert.equal([kinds(being, state), kinds(being, state, false)], ['', '']);
  }
});

run('leaves a task that a worker has alone', () => {
  assert.is(kinds({}, 'leased'), '');
  assert.is(kinds({ finished: ['a.mp3'] }, 'leased'), '');
  assert.is(kinds({ offered: [{ ...offered, fingerprint: 'f2' }] }, 'leased'), '');
});

run('opens a finished task again when its transcript is gone, and keeps it when its recording is', () => {
  for (const state of ['done', 'no_speech'] as const) {
    assert.is(kinds({ offered: [offered] }, state), 'reopen');
    assert.is(kinds({}, state), '');
  }
});

run.run();
