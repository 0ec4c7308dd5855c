#!/usr/bin/env node
// `stt`: the worker and the kit.
import { runCommands } from './run-commands.js';

await runCommands({ bin: 'stt' }, { target: 'src/commands/index' });
