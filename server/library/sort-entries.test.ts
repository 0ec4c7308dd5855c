import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type EntryKind, sortEntries } from './sort-entries.ts';

const run = suite('sortEntries');

const sort = (entries: Record<string, EntryKind>, transcriptName = '{stem}.vtt') =>
  sortEntries(
    Object.entries(entries).map(([name, kind]) => ({ name, kind })),
    { extensions: ['mp3', 'wav'], transcriptName },
  );

run('tells recordings that want a transcript from those that have one', () => {
  const sorted = sort({ 'b.MP3': 'file', 'a.mp3': 'file', 'a.vtt': 'file', 'b.json': 'file', 'notes.txt': 'file' });
  assert.equal(sorted.wanted, [{ stem: 'b', names: ['b.MP3'], hasSidecar: true, forbiddenNames: [] }]);
  assert.equal(sorted.finished, ['a.mp3']);
  assert.equal(sorted.skipped, []);
});

run('keeps recordings that would share a transcript together, by name', () => {
  const sorted = sort({ 'a.wav': 'file', 'a.mp3': 'file', 'a.b.mp3': 'file' });
  assert.equal(sorted.wanted, [
    { stem: 'a.b', names: ['a.b.mp3'], hasSidecar: false, forbiddenNames: [] },
    { stem: 'a', names: ['a.mp3', 'a.wav'], hasSidecar: false, forbiddenNames: [] },
  ]);
});

run('takes a transcript in any language for one, unless it is that of another recording', () => {
  const files = {
    'a.mp3': 'file',
    'a.de.vtt': 'file',
    'b.mp3': 'file',
    'b.en.mp3': 'file',
    'b.en.vtt': 'file',
  } as const;
  const sorted = sort(files, '{stem}.{lang}.vtt');
  assert.equal(sorted.finished, ['a.mp3', 'b.en.mp3']);
  assert.equal(sorted.wanted, [{ stem: 'b', names: ['b.mp3'], hasSidecar: false, forbiddenNames: ['b.en.vtt'] }]);
  assert.equal(sort(files).finished, ['b.en.mp3']);
});

run('passes over what is no regular file, with a reason', () => {
  const sorted = sort({
    'link.mp3': 'link',
    'pipe.mp3': 'other',
    'folder.mp3': 'folder',
    elsewhere: 'link to folder',
    'link.txt': 'link',
    'bad\uFFFD.mp3': 'file',
  });
  assert.equal(
    sorted.skipped.map(({ name, reason }) => `${name}: ${reason.split(';')[0]}`),
    [
      'bad\uFFFD.mp3: its name is not valid UTF-8',
      'elsewhere: it is a symbolic link',
      'folder.mp3: it is a directory that is named like a recording',
      'link.mp3: it is a symbolic link',
      'pipe.mp3: it is not a regular file',
    ],
  );
  assert.equal([sorted.wanted, sorted.folders], [[], []]);
});

run('ignores what is hidden, and finds what a stopped server left', () => {
  const sorted = sort({ '.a.mp3': 'file', '.git': 'folder', '.0a1b.stt-tmp': 'file', sub: 'folder' });
  assert.equal([sorted.wanted, sorted.folders, sorted.temporaries], [[], ['sub'], ['.0a1b.stt-tmp']]);
});

run.run();
