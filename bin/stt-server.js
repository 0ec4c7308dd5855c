#!/usr/bin/env node
// `stt-server`: the server as a program of its own.
import { runCommands } from './run-commands.js';

await runCommands({ bin: 'stt-server' }, { strategy: 'single', target: 'server/commands/serve' });
