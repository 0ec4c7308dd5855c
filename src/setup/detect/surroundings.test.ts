import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readSurroundings } from './surroundings.ts';

const run = suite('readSurroundings');

const wsl = { '/proc/version': 'Linux version 6.6.87.2-microsoft-standard-WSL2' };

run('knows a container by the marks of each maker', () => {
  for (const path of ['/run/.containerenv', '/.dockerenv', '/run/secrets/kubernetes.io'])
    assert.is(readSurroundings({ texts: {}, paths: [path] }), 'container', path);
  assert.is(readSurroundings({ texts: { '/run/systemd/container': 'lxc\n' }, paths: [] }), 'container');
  assert.is(readSurroundings({ texts: {}, paths: ['/run/.containerenv', '/run/.toolboxenv'] }), 'toolbox');
});

run('takes a host that has Distrobox for a host', () => {
  assert.is(readSurroundings({ texts: {}, paths: ['/usr/bin/distrobox-export'] }), 'plain');
  assert.is(readSurroundings({ texts: {}, paths: ['/usr/bin/distrobox-export', '/run/.containerenv'] }), 'distrobox');
});

run('knows WSL, and what runs inside of it', () => {
  assert.is(readSurroundings({ texts: wsl, paths: [] }), 'wsl');
  assert.is(readSurroundings({ texts: { '/run/systemd/container': 'wsl' }, paths: [] }), 'wsl');
  assert.is(readSurroundings({ texts: {}, paths: ['/dev/dxg'] }), 'wsl');
  assert.is(readSurroundings({ texts: wsl, paths: ['/.dockerenv'] }), 'container');
  assert.is(readSurroundings({ texts: {}, paths: [] }), 'plain');
});

run.run();
