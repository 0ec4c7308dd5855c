#!/usr/bin/env node
// `stt`: the worker and the kit.
import { runCommands } from './run-commands.js';

const topics = {
  config: { description: 'Settings of the worker: show, set, unset, path.' },
  models: { description: 'Whisper models: list, download, verify, remove.' },
  outbox: { description: 'What the server has not taken yet: list, flush, export.' },
  service: { description: 'The service of the worker: status, logs, restart.' },
};
await runCommands({ bin: 'stt', topics }, { target: 'src/commands/index' });
