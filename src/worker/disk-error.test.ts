import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { diskError } from './disk-error.ts';

const run = suite('diskError');

run('ends with 77 where this user may not write, and with 74 where nobody can', () => {
  const exitCodeFor = (code: string): number =>
    diskError('It cannot be written', 'STT_DISK', Object.assign(new Error(code), { code })).exitCode;
  assert.equal(['EACCES', 'EPERM'].map(exitCodeFor), [77, 77]);
  assert.equal(['ENOSPC', 'EROFS', 'ENOTDIR'].map(exitCodeFor), [74, 74, 74]);
});

run.run();
