import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { restrainedCommand, type Restraints, saysNotStarted } from './child-restraints.ts';

const run = suite('child restraints');

const all = { setpriv: '/b/setpriv', prlimit: '/b/prlimit', nice: '/b/nice' };
const command = { file: '/b/ffmpeg', args: ['-i', 'x'] };
const line = (restraints: Restraints, programs: Partial<typeof all> = all): string => {
  const { file, args } = restrainedCommand(command, restraints, programs);
  return [file, ...args].join(' ');
};

run('puts in front what is wanted and there', () => {
  assert.is(line({}), '/b/ffmpeg -i x');
  assert.is(line({ diesWithParent: true }), '/b/setpriv --pdeathsig KILL -- /b/ffmpeg -i x');
  assert.is(line({ limits: {} }), '/b/prlimit --core=0 -- /b/ffmpeg -i x');
  assert.is(
    line({ diesWithParent: true, limits: { memoryBytes: 1e9, fileBytes: 0.5, cpuSeconds: 7.2 }, niceness: 10 }),
    '/b/setpriv --pdeathsig KILL -- /b/prlimit --core=0 --as=1000000000 --fsize=1 --cpu=8:13 -- /b/nice -n 10 /b/ffmpeg -i x',
  );
});

run('does without what is not there', () => {
  const restraints = { diesWithParent: true, limits: { fileBytes: 1 }, niceness: 5 };
  assert.is(line(restraints, {}), '/b/ffmpeg -i x');
  assert.is(line(restraints, { setpriv: '/b/setpriv' }), '/b/setpriv --pdeathsig KILL -- /b/ffmpeg -i x');
  assert.is(line(restraints, { nice: '/b/nice' }), '/b/nice -n 5 /b/ffmpeg -i x');
});

run('knows when they could not start the program', () => {
  assert.ok(saysNotStarted('setpriv: failed to execute /x: Exec format error'));
  assert.ok(saysNotStarted('noise\n/usr/bin/prlimit: failed to execute /x: No such file or directory'));
  assert.ok(saysNotStarted("nice: '/x': No such file or directory"));
  assert.not(saysNotStarted('ffmpeg: failed to execute'));
});

run.run();
