#!/usr/bin/env node
// `stt-server`: the server as a program of its own. Without a command it serves; what else there is, `--help` says.
import { runCommands } from './run-commands.js';

// Many transcripts wait for the disk at the same time, which costs it hardly more than one. Before the first file is read.
process.env.UV_THREADPOOL_SIZE ??= '16';

const args = process.argv.slice(2);
const [first = '-'] = args;
const isCommand = !first.startsWith('-') || (args.length === 1 && ['--help', '--version'].includes(first));

const topics = {
  service: { description: 'The service of the server: status, logs, restart.' },
  tasks: { description: 'Look after the queue.' },
  worker: { description: 'Say who may work.' },
};

await runCommands(
  { bin: 'stt-server', topics },
  { target: 'server/commands/index', help: 'server/commands/root-help', args: isCommand ? args : ['serve', ...args] },
);
