#!/usr/bin/env node
// `stt-server`: the server as a program of its own.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { execute } from '@oclif/core';

const root = fileURLToPath(new URL('..', import.meta.url));
const pjson = createRequire(import.meta.url)('../package.json');
const folder = existsSync(new URL('../server/commands/serve.ts', import.meta.url)) ? 'server' : 'dist/server';
const file = folder === 'server' ? 'serve.ts' : 'serve.js';
pjson.oclif = {
  ...pjson.oclif,
  bin: 'stt-server',
  commands: { strategy: 'single', target: `./${folder}/commands/${file}` },
};
await execute({ loadOptions: { root, pjson } });
