// Shared by the two programs: checks Node.js, then lets oclif find the command and run it.
// A clone runs its TypeScript sources as they are (Node.js strips the types), a package runs its build.
import { existsSync, readFileSync } from 'node:fs';
import module from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const isClone = existsSync(new URL('../src/commands/index.ts', import.meta.url));

/**
 * `oclif` goes over the oclif section of package.json; `target` is the source file that exports the commands, without its ending;
 * `help` one that exports `RootHelp`, where the usual help does not do.
 */
export async function runCommands(oclif, { target, help, args }) {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 24 || (major === 24 && minor < 15)) {
    console.error(`${oclif.bin} needs Node.js >= 24.15; this is ${process.versions.node}.`);
    console.error('  In a clone: ./bin/quickstart fetches it; then export PATH=$PWD/.node/bin:$PATH');
    process.exitCode = 78;
    return;
  }
  // Compiled code is kept between runs: a third off the time to start. Threads only hear of it by the environment.
  const { directory } = module.enableCompileCache();
  if (directory !== undefined) process.env.NODE_COMPILE_CACHE ??= path.dirname(directory);
  const { execute } = await import('@oclif/core');
  const pjson = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const fileOf = (source) => (isClone ? `./${source}.ts` : `./dist/${source}.js`);
  pjson.oclif = { ...pjson.oclif, ...oclif };
  pjson.oclif.commands = { strategy: 'explicit', target: fileOf(target), identifier: 'commands' };
  if (help !== undefined) pjson.oclif.helpClass = { target: fileOf(help), identifier: 'RootHelp' };
  // No plugins: oclif would look for them in the user's data folder and run what lies there.
  const executed = execute({ args, loadOptions: { root, pjson, userPlugins: false, devPlugins: false } });
  await Promise.race([executed, readerLeft()]);
}

/** Of standard output, as with `| head`. Before its end oclif waits until all is written, which then never comes. */
function readerLeft() {
  return new Promise((resolve) => {
    process.stdout.on('error', (error) => {
      if (error.code !== 'EPIPE') throw error;
      resolve();
    });
  });
}
