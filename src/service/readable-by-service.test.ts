import { chmod, mkdir } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { exitCodes } from '../exit-codes.ts';
import { canBeRead } from './readable-by-service.ts';
import { workerProgram } from './service-program.ts';
import { type FakeMachine, fakeMachine } from './testing/fake-machine.ts';
import { refused } from './testing/refused.ts';

const readable = suite('canBeRead');

const model = '/var/lib/stt/models/ggml-a.bin';

const read = ({ host }: FakeMachine, file: string): Promise<string> =>
  canBeRead({
    host,
    program: workerProgram,
    user: 'stt-worker',
    isOwnUser: true,
    file,
    signal: new AbortController().signal,
  });

const whyNot = async (machine: FakeMachine, file: string): Promise<string> => {
  const error = await refused(read(machine, file), /^The service cannot read /u, 'STT_SERVICE_READ', exitCodes.config);
  return error.message;
};

readable('a model that is there and closed is not missing: says whose it is, and who may not read it', async () => {
  await using machine = await fakeMachine();
  const owner = process.getuid?.() === 0 ? 'root' : 'me';
  await machine.write('/etc/passwd', `root:x:0:0::/root:/bin/sh\nme:x:${process.getuid?.() ?? 0}:0::/:/bin/sh\n`);
  assert.match(await whyNot(machine, model), /ggml-a\.bin: it is not there\.$/u);
  await machine.write(model, '', 0o640);
  const about = `(it belongs to ${owner}, mode 0640).`;
  const closed = `it is there, but may not be read: ${model} is closed to stt-worker ${about}`;
  assert.is(await whyNot(machine, model), `The service cannot read ${model}: ${closed}`);
  await chmod(machine.folder.join('root', model), 0o644);
  assert.is(await read(machine, model), model);
});

readable('a folder on the way is named', async () => {
  await using machine = await fakeMachine();
  await machine.write(model, '', 0o644);
  await mkdir(machine.folder.join('root/var/lib/stt/models'), { recursive: true });
  await chmod(machine.folder.join('root/var/lib/stt/models'), 0o700);
  assert.match(
    await whyNot(machine, model),
    /: \/var\/lib\/stt\/models is closed to stt-worker \(it belongs to \S+(?: \d+)?, mode 0700\)\.$/u,
  );
  await chmod(machine.folder.join('root/var/lib/stt/models'), 0o755);
  assert.is(await read(machine, model), model);
});

readable.run();
