#!/usr/bin/env node
// `stt`: finds the command and runs it. A clone runs its sources (Node.js strips the types), a package runs its build.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { execute } from '@oclif/core';

const root = fileURLToPath(new URL('..', import.meta.url));
const pjson = createRequire(import.meta.url)('../package.json');
if (existsSync(new URL('../src/commands/index.ts', import.meta.url))) {
  pjson.oclif.commands.target = './src/commands/index.ts';
}
await execute({ loadOptions: { root, pjson } });
