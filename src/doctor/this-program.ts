/** What runs here: this version of stt on this Node.js. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { packageFolder } from '../package-folder.ts';
import type { Program } from './checks/check-program.ts';

export function thisProgram(): Program {
  const text = readFileSync(path.join(packageFolder, 'package.json'), 'utf8');
  const { version, engines } = JSON.parse(text) as { version: string; engines: { node: string } };
  return {
    version,
    node: process.versions.node,
    oldestNode: engines.node.replace(/^\D+/u, ''),
    platform: `${process.platform}-${process.arch}`,
  };
}
