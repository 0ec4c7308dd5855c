/**
 * packaging/install.sh over the years: runs that were killed half-way, upgrades under what still runs, locks that were left, and what
 * --uninstall takes back. The releases are tiny.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type ChildEnd, runChild } from '../../src/run-child.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import {
  everydayPath,
  type FreshHome,
  freshHome,
  install,
  installedVersion,
  putFile,
  said,
  tinyRelease,
  withProgram,
} from './release-folder.ts';

const upkeep = suite('installer, over the years');

const shared = await temporaryFolder();
upkeep.after(async () => {
  await shared[Symbol.asyncDispose]();
});
const page = 'share/man/man1/stt.1';
const completion = 'share/zsh/site-functions/_stt';
const release = await tinyRelease(shared.join('1'), '1.0.0', { files: { [completion]: 'complete' } });
const newer = await tinyRelease(shared.join('2'), '2.0.0');
const bare = await everydayPath(shared.join('bare'));
const PATH = `${path.dirname(process.execPath)}:${bare}`;
const from = ['--from', release];

const local = (machine: FreshHome, ...parts: string[]): string => path.join(machine.home, '.local', ...parts);
const uninstall = (machine: FreshHome): Promise<ChildEnd> => install({ machine, PATH, args: ['--uninstall'] });

/** Of what is left, without the temporary files of a run that was killed. */
async function leftAtHome(machine: FreshHome): Promise<string[]> {
  await rm(machine.join('tmp'), { recursive: true });
  await mkdir(machine.join('tmp'));
  return machine.left();
}

/** Kills the installer when it is about to put the second of the shared files in place. */
const killingMv = `case "$3" in
  */_stt) kill -9 "$PPID" ;;
  *) exec /usr/bin/env PATH=/usr/bin:/bin mv "$@" ;;
esac`;

upkeep('killed half-way, the next run finishes it, and --uninstall knows of all of it', async () => {
  for (const next of ['install', 'uninstall']) {
    await using machine = await freshHome();
    const killing = await withProgram(machine, 'mv', killingMv, PATH);
    const killed = await install({ machine, PATH: killing, args: from });
    assert.is(killed.signalName, 'SIGKILL', killed.outputTail);
    assert.ok(existsSync(local(machine, page)) && !existsSync(local(machine, completion)));
    if (next === 'install') {
      said(await install({ machine, PATH, args: from }), 0, /stt 1\.0\.0 is installed\./u);
      assert.ok(existsSync(local(machine, completion)));
      said(await install({ machine, PATH, args: from }), 0, /nothing to do/u);
    }
    said(await uninstall(machine), 0, /stt is removed/u);
    assert.equal(await leftAtHome(machine), []);
  }
});

upkeep('is whole without manual pages and completions, where they cannot be written', async () => {
  await using machine = await freshHome();
  const outside = machine.join('outside');
  await mkdir(path.join(outside, 'site-functions'), { recursive: true });
  await mkdir(local(machine, 'share'), { recursive: true });
  await writeFile(local(machine, 'share/man'), 'no folder');
  await symlink(outside, local(machine, 'share/zsh'));
  said(await install({ machine, PATH, args: from }), 0, /Warning: .*share\/man\/man1\/stt\.1 .*_stt\n/u);
  assert.equal(await readdir(path.join(outside, 'site-functions')), [], 'what a link leads to is not ours');
  said(await install({ machine, PATH, args: from }), 0, /nothing to do/u);
  said(await uninstall(machine), 0, /stt is removed/u);
  assert.ok(existsSync(local(machine, 'share/man')) && existsSync(local(machine, 'share/zsh')));
  assert.equal(await readdir(local(machine)), ['share']);
});

upkeep('removes nothing outside of its prefix, whatever its list says', async () => {
  await using machine = await freshHome();
  await install({ machine, PATH, args: from });
  const list = local(machine, 'lib/stt/.made');
  assert.not.match(await readFile(list, 'utf8'), /^\/|\.\.|^$(?!\n*$)/mu);
  const outside = machine.join('outside');
  await mkdir(path.join(outside, 'empty'), { recursive: true });
  await mkdir(path.join(machine.home, 'empty'));
  for (const file of [path.join(outside, 'x'), path.join(machine.home, 'x'), local(machine, 'bin/x')]) {
    await writeFile(file, 'mine');
  }
  await symlink(outside, local(machine, 'share/doc'));
  const evil = [
    '../x',
    `${outside}/x`,
    'share/../../x',
    'share/../bin/x',
    'share/doc/x',
    'bin/x',
    '',
    '../empty/',
    'share/doc/empty/',
    '/',
  ];
  await putFile(list, `${await readFile(list, 'utf8')}${evil.join('\n')}\n`);
  said(await uninstall(machine), 0, /stt is removed/u);
  assert.equal((await readdir(outside)).toSorted(), ['empty', 'x']);
  assert.equal((await readdir(machine.home)).toSorted(), ['.local', '.profile', 'empty', 'x']);
  assert.equal(await readdir(local(machine, 'bin')), ['x']);
});

upkeep('takes links that lead nowhere for what they are: there, and not its own', async () => {
  await using machine = await freshHome();
  await mkdir(local(machine, 'share/man/man1'), { recursive: true });
  await symlink('nowhere', local(machine, page));
  said(await install({ machine, PATH, args: from }), 0, /stt\.1 is there already and stays as it is/u);
  assert.is(await readlink(local(machine, page)), 'nowhere');
  await uninstall(machine);
  assert.is(await readlink(local(machine, page)), 'nowhere');
  await mkdir(local(machine, 'lib'), { recursive: true });
  await symlink('nowhere', local(machine, 'lib/stt'));
  said(await install({ machine, PATH, args: from }), 74, /lib\/stt is there already/u);
});

upkeep('keeps the version before, and its Node.js, until the next upgrade', async () => {
  await using machine = await freshHome();
  const folders = async (): Promise<string[]> =>
    (await readdir(local(machine, 'lib/stt'))).map((name) => name.replace(/-\w{8}$/u, '')).toSorted();
  await install({ machine, PATH, args: from });
  const moody = `if (process.env.BROKEN && process.argv[1].includes('/current/')) process.exit(1); console.log('stt/2.0.0 x')`;
  const second = await tinyRelease(machine.join('2'), '2.0.0', { program: moody });
  // As if it had brought a Node.js.
  const node = local(machine, 'lib/stt/node-1');
  await mkdir(path.join(node, 'bin'), { recursive: true });
  const mark = local(machine, 'lib/stt/current/.finished');
  const [marker] = (await readFile(mark, 'utf8')).split('\n');
  await writeFile(path.join(node, '.stt-install'), `${marker}\n`);
  await writeFile(mark, `${marker}\n${node}/bin/node\n`);

  said(await install({ machine, PATH, args: ['--from', second] }), 0, /2\.0\.0 is installed/u);
  assert.equal(await folders(), ['.made', '1.0.0', '2.0.0', 'current', 'node-1', 'previous']);
  // Mended, it is no upgrade.
  await rm(mark);
  said(await install({ machine, PATH, args: ['--from', second] }), 0, /2\.0\.0 is installed/u);
  assert.equal(await folders(), ['.made', '1.0.0', '2.0.0', 'current', 'node-1', 'previous']);
  const third = await tinyRelease(machine.join('3'), '3.0.0');
  said(await install({ machine, PATH, args: ['--from', third] }), 0, /3\.0\.0 is installed/u);
  assert.equal(await folders(), ['.made', '2.0.0', '3.0.0', 'current', 'previous']);
  // Back to the one before, which lies there; and when that one does not start, it stays there.
  said(await install({ machine, PATH, args: ['--from', second], env: { BROKEN: '1' } }), 70, /was taken back/u);
  assert.equal(await folders(), ['.made', '2.0.0', '3.0.0', 'current', 'previous']);
  said(await install({ machine, PATH, args: ['--from', second] }), 0, /2\.0\.0 is installed/u);
  assert.equal(await folders(), ['.made', '2.0.0', '3.0.0', 'current', 'previous']);
  assert.is(await installedVersion({ machine, PATH }), '2.0.0');
  said(await uninstall(machine), 0, /stt is removed/u);
  assert.equal(await machine.left(), []);
});

upkeep('one at a time: a lock is made in one go, and removed by whoever has it', async () => {
  await using machine = await freshHome();
  await install({ machine, PATH, args: from });
  const lock = local(machine, 'lib/stt/.lock');
  const upgrade = (path = PATH): Promise<ChildEnd> => install({ machine, PATH: path, args: ['--from', newer] });

  await symlink(String(process.pid), lock);
  said(await upgrade(), 75, new RegExp(`process ${process.pid}\\) is at work`, 'u'));
  await rm(lock);
  // Not a lock of ours: nothing is written where it leads.
  await mkdir(machine.join('outside'));
  await symlink(machine.join('outside'), lock);
  said(await upgrade(), 75, /\.lock was not made by this script/u);
  assert.equal(await readdir(machine.join('outside')), []);
  await rm(lock);
  // Somebody else has it when this one ends.
  const tar = `case "$1" in -x*) ln -sfn ${process.pid} "${lock}"; exit 1 ;; *) exec /usr/bin/env PATH=/usr/bin:/bin tar "$@" ;; esac`;
  said(await upgrade(await withProgram(machine, 'tar', tar, PATH)), 74, /cannot be unpacked/u);
  assert.is(await readlink(lock), String(process.pid));
  await rm(lock);
  // No process has this number. Several find the lock that it left; one takes it.
  await symlink('99999999', lock);
  await symlink(String(process.pid), `${lock}-99999999`);
  said(await upgrade(), 75, /at work.*If none is, remove .*\.lock-99999999/su);
  await rm(`${lock}-99999999`);
  const ends = await Promise.all([upgrade(), upgrade(), upgrade()]);
  assert.equal(
    [...new Set(ends.map(({ exitCode }) => exitCode))].filter((code) => code !== 0 && code !== 75),
    [],
  );
  assert.is(ends.filter(({ outputTail }) => /stt 2\.0\.0 is installed\./u.test(outputTail)).length > 0, true);
  assert.not.ok(
    (await readdir(path.dirname(lock))).some((name) => name.startsWith('.lock') || name.startsWith('.new')),
  );
});

upkeep('takes itself back where half of it is gone, and says so when nothing is left', async () => {
  await using machine = await freshHome();
  await install({ machine, PATH, args: from });
  await rm(local(machine, 'share'), { recursive: true });
  await rm(local(machine, 'lib'), { recursive: true });
  said(await uninstall(machine), 0, /To be removed: \S+bin\/stt, \S+bin\/stt-server\.\nstt is removed/u);
  said(await uninstall(machine), 0, /Nothing of stt is installed/u);
  assert.equal(
    (await machine.left()).filter((name) => name.includes('stt')),
    [],
  );
});

upkeep('says what to do when its Node.js is gone, or has become too old', async () => {
  await using machine = await freshHome();
  await install({ machine, PATH, args: from });
  const wrapper = local(machine, 'bin/stt');
  const text = await readFile(wrapper, 'utf8');
  const start = (PATH: string): Promise<ChildEnd> =>
    runChild({ file: wrapper, args: ['--version'], env: { PATH }, stdoutLimitBytes: 1000 });
  await putFile(wrapper, text.replace(process.execPath, '/nowhere/node'));
  await runChild({ file: 'chmod', args: ['755', wrapper] });
  said(await start(bare), 69, /stt needs Node\.js >= 24\.15, .*\/nowhere\/node, is gone\.\n.*run install\.sh again/u);
  assert.match((await start(PATH)).stdout, 'stt/1.0.0');
  const old = await withProgram(machine, 'node', 'echo v24.14.1', bare);
  await putFile(wrapper, text.replace(process.execPath, path.join(machine.join('own-node'), 'node')));
  await runChild({ file: 'chmod', args: ['755', wrapper] });
  said(await start(old), 69, /own-node\/node, is now 24\.14\.1\.\n.*Install Node\.js >= 24\.15, or/u);
});

upkeep.run();
