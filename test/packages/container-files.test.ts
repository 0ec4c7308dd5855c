/**
 * What can be said of the files in packaging/container without building them, above all of the backends that no check can build: their
 * bases are pinned, the images run as nobody and know whether they are well, and the packages are those that `stt setup` would install.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Backend, backends } from '../../src/backend.ts';
import { packageFolder, packageVersion } from '../../src/package-folder.ts';
import type { OperatingSystem } from '../../src/setup/detect/machine.ts';
import { needsOf } from '../../src/setup/packages/needs.ts';
import { readPackageTable } from '../../src/setup/packages/package-table.ts';
import { packagesOf } from '../../src/setup/packages/plan-install.ts';
import { runChild } from '../../src/run-child.ts';
import { whyNoPodman } from '../support/podman.ts';

const files = suite('files for containers');

type Instruction = { name: string; text: string };
/** `base` as it is written, with variables. */
type Stage = { base: string; name: string; instructions: Instruction[] };
type Containerfile = { globals: Map<string, string>; stages: Stage[] };

/** Whole instructions, without comments. */
function parse(text: string): Containerfile {
  const globals = new Map<string, string>();
  const stages: Stage[] = [];
  const lines = text
    .replaceAll(/^\s*#.*\n/gmu, '')
    .replaceAll(/\s*\\\n\s*/gu, ' ')
    .split('\n');
  for (const line of lines) {
    const [, name = '', rest = ''] = /^([A-Z]+)\s+(.+)$/u.exec(line) ?? [];
    if (name === 'FROM') {
      const [, base = '', stage = ''] = /^(\S+)(?: AS (\S+))?$/u.exec(rest) ?? [];
      stages.push({ base, name: stage, instructions: [] });
    } else if (name !== '') {
      const stage = stages.at(-1);
      if (stage === undefined) globals.set(rest.split('=')[0] ?? '', rest.split('=')[1] ?? '');
      else stage.instructions.push({ name, text: rest });
    }
  }
  return { globals, stages };
}

const read = async (name: string): Promise<string> =>
  readFile(path.join(packageFolder, 'packaging', 'container', name), 'utf8');
const server = parse(await read('Containerfile.server'));
const worker = parse(await read('Containerfile.worker'));

const fill = (text: string, globals: Map<string, string>): string =>
  text.replaceAll(/\$\{(\w+)\}/gu, (_, name: string) => globals.get(name) ?? '');

const textsOf = (stages: readonly Stage[], ...names: string[]): string[] =>
  stages.flatMap(({ instructions }) => instructions.filter(({ name }) => names.includes(name))).map(({ text }) => text);

/** What apt-get is told to install. */
function installed({ instructions }: Stage): string[] {
  const commands = textsOf([{ base: '', name: '', instructions }], 'RUN').flatMap((text) => text.split('&&'));
  return commands
    .filter((command) => command.includes('apt-get install'))
    .flatMap((command) =>
      command
        .replace(/^.*apt-get install/u, '')
        .trim()
        .split(/\s+/u),
    )
    .filter((word) => !word.startsWith('-'));
}

const shipped = backends.filter((backend): backend is Exclude<Backend, 'metal'> => backend !== 'metal');

for (const [name, { globals, stages }] of Object.entries({ server, worker })) {
  files(`the ${name}: every base is pinned to a version`, () => {
    const own = new Set(stages.map((stage) => stage.name));
    const bases = stages.map(({ base }) => fill(base, globals)).filter((base) => !own.has(base));
    assert.ok(bases.length > 0);
    for (const base of bases) assert.match(base, /^docker\.io\/[a-z/]+:\d/u);
  });

  files(`the ${name}: nothing is fetched but by package managers, and no secret is built in`, () => {
    assert.equal(textsOf(stages, 'ADD'), []);
    for (const text of textsOf(stages, 'RUN')) {
      assert.not.match(text, /\b(curl|wget|git clone)\b/u);
      if (!text.includes('apt-get')) continue;
      // Lists of an earlier day lead to packages that are gone.
      assert.match(text, /apt-get update && .*apt-get install -y --no-install-recommends/u);
    }
    for (const text of textsOf(stages, 'ARG', 'ENV')) assert.not.match(text, /TOKEN|PASSWORD|SECRET|_KEY/u);
    for (const text of textsOf(stages, 'RUN').filter((text) => text.includes('npm ci')))
      assert.match(text, '--ignore-scripts');
  });

  files(`the ${name}: it runs as nobody, stops when told, says whether it is well and what it is`, () => {
    const last = stages.at(-1);
    assert.ok(last !== undefined);
    assert.equal(textsOf([last], 'USER'), ['1000:1000']);
    const steps = last.instructions.map((instruction) => instruction.name);
    assert.not.ok(steps.slice(steps.indexOf('USER')).includes('RUN'));
    assert.equal(textsOf([last], 'STOPSIGNAL'), ['SIGTERM']);
    assert.match(textsOf([last], 'HEALTHCHECK').join(''), /CMD \["node", "\/app\/is-alive\.js"\]$/u);
    assert.match(textsOf([last], 'ENTRYPOINT').join(''), /^\["tini", "--", /u);
    assert.match(textsOf([last], 'VOLUME').join(''), '"/var/lib/stt"');
    const labels = textsOf([last], 'LABEL').join(' ');
    for (const label of ['title', 'description', 'licenses', 'version', 'source'])
      assert.match(labels, `org.opencontainers.image.${label}=`);
    assert.ok(textsOf([last], 'ARG').includes(`VERSION=${packageVersion()}`));
  });
}

const system = (id: 'debian' | 'ubuntu', version: string): OperatingSystem => ({
  platform: 'linux',
  id,
  like: id === 'ubuntu' ? ['debian'] : [],
  version,
  name: id,
});

for (const backend of shipped) {
  const stage = (kind: 'build' | 'run'): Stage => {
    const found = worker.stages.find(({ name }) => name === `${kind}-${backend}`);
    if (found === undefined) throw new Error(`there is no stage ${kind}-${backend}`);
    return found;
  };

  files(`a worker for ${backend} is compiled with the packages that set-up would install`, () => {
    const { base } = stage('build');
    const os = base === 'node' ? system('debian', '13') : system('ubuntu', '24.04');
    const needs = needsOf(backend, { toBuild: true, toRun: false, variants: ['plain'] });
    // It comes with its base image.
    const ofBase = backend === 'cuda' ? ['CUDA toolkit'] : [];
    const table = readPackageTable();
    const wanted = needs
      .filter((need) => !ofBase.includes(need))
      .flatMap((need) => packagesOf(need, os, table) ?? [`nothing for ${need}`]);
    assert.equal(installed(stage('build')).toSorted(), [...new Set(wanted)].toSorted());
  });

  files(`a worker for ${backend} runs with ffmpeg, an init process, and nothing to compile with`, () => {
    const { instructions } = stage('run');
    const packages = installed(stage('run'));
    const copied = textsOf([{ base: '', name: '', instructions }], 'COPY');
    assert.ok(packages.includes('ffmpeg') || copied.some((text) => text.includes('--from=ffmpeg')));
    for (const needed of ['tini', 'libgomp1']) assert.ok(packages.includes(needed), needed);
    assert.equal(
      packages.filter((name) => /^(gcc|g\+\+|cmake|ninja|python|.*-dev$)/u.test(name)),
      [],
    );
    assert.not.match(stage('run').base, /devel/u);
    for (const text of textsOf([{ base: '', name: '', instructions }], 'RUN').filter((text) =>
      text.includes('apt-get'),
    ))
      assert.match(text, 'rm -rf /var/lib/apt/lists/*');
  });
}

files('the engine comes from our own set-up, and what is chosen by BACKEND is all there', () => {
  assert.is(worker.globals.get('BACKEND'), 'cpu');
  const engine = worker.stages.find(({ name }) => name === 'engine');
  assert.is(engine?.base, 'build-${BACKEND}');
  assert.is(worker.stages.at(-1)?.base, 'run-${BACKEND}');
  assert.match(textsOf(worker.stages, 'RUN').join('\n'), 'setup --backend "$BACKEND" --build-only');
  // The check builds it with others.
  assert.ok(textsOf(worker.stages, 'ARG').includes('CMAKE_DEFINES="GGML_NATIVE=OFF"'));
});

if ((await whyNoPodman()) === undefined) {
  files(
    'root who may not mount is no reason for a failure: what needs containers is skipped, and says why',
    async () => {
      const module = path.join(packageFolder, 'test', 'support', 'podman.ts');
      const script = `console.log(await (await import(process.argv[1])).whyNoPodman())`;
      const { stdout, outputTail } = await runChild({
        file: 'setpriv',
        args: ['--bounding-set=-sys_admin', process.execPath, '--input-type=module', '-e', script, module],
        inheritEnv: true,
        stdoutLimitBytes: 1000,
      });
      assert.match(stdout, 'may not mount', outputTail);
    },
  );
}

files.run();
