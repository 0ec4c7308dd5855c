// deadline: 300 s
/** The Quadlet files of packaging/container, by podman's own generator, and what systemd thinks of the units that it makes. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { packageFolder } from '../../src/package-folder.ts';
import { type ChildEnd, runChild } from '../../src/run-child.ts';
import { runContainer, words } from '../support/container.ts';
import { buildImage, nodeImage, openPodman, type Podman, whyNoPodman } from '../support/podman.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const quadlet = suite('Quadlet');

const why = await whyNoPodman();
if (why !== undefined) console.log(`skipped: containers cannot be run here: ${why}`);
const podman = why === undefined ? await openPodman() : undefined;

/** Skipped, visibly, where there is no podman. */
const test = (title: string, body: (podman: Podman) => Promise<void>): void =>
  podman === undefined ? quadlet.skip(title) : quadlet(title, () => body(podman));

/** Of a newer podman than many machines have: only Quadlet is taken from it. */
const quadletRecipe = `FROM ${nodeImage}
RUN cd /tmp && apt-get update && apt-get download podman && dpkg -x podman_*.deb / && rm -r podman_*.deb /var/lib/apt/lists
`;

test('the Quadlet files give units that systemd has nothing to say about', async (podman) => {
  await using folder = await temporaryFolder();
  await writeFile(folder.join('Containerfile'), quadletRecipe);
  const image = 'localhost/stt-quadlet:check';
  await buildImage(podman, { tag: image, file: folder.join('Containerfile'), context: folder.path });
  const generate = (place: string): Promise<ChildEnd> =>
    runContainer(podman, [
      ...words(`--network none -v ${place}:/units:ro -e QUADLET_UNIT_DIRS=/units`),
      ...words(`--entrypoint /usr/libexec/podman/quadlet ${image} -dryrun`),
    ]);
  const made = await generate(path.join(packageFolder, 'packaging', 'container'));
  assert.is(made.exitCode, 0, made.outputTail);
  const units = made.stdout.split(/^---(?=\S+---$)/mu).slice(1);
  assert.is(units.length, 4);
  for (const unit of units) {
    const [, name = '', text = ''] = /^(\S+)---\n([\s\S]*)$/u.exec(unit) ?? [];
    await writeFile(folder.join(name), text);
  }
  const names = ['stt-server.service', 'stt-worker.service'];
  const verified = await runChild({
    file: 'systemd-analyze',
    args: ['verify', '--man=no', ...names],
    cwd: folder.path,
    env: { SYSTEMD_UNIT_PATH: `${folder.path}:` },
  });
  assert.is(verified.outputTail, '');
  for (const name of names) {
    const unit = await readFile(folder.join(name), 'utf8');
    assert.match(unit, /^ExecStart=.* --stop-timeout 45 .*--cap-drop all --read-only /mu);
    const [, seconds = '0'] = /^TimeoutStopSec=(\d+)$/mu.exec(unit) ?? [];
    assert.ok(Number(seconds) > 45, 'systemd is more patient than podman');
    // Of one that is stopped while it starts.
    assert.match(unit, /^SuccessExitStatus=143$/mu);
  }

  await mkdir(folder.join('wrong'));
  await writeFile(folder.join('wrong', 'x.container'), '[Container]\nImage=localhost/x:1\nReadOnlyRoot=true\n');
  assert.is.not((await generate(folder.join('wrong'))).exitCode, 0, 'it notices a key that it does not know');
});

quadlet.run();
