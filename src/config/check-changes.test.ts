import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AppError } from '../app-error.ts';
import { checkChanges } from './check-changes.ts';

const check = suite('checkChanges');

function refusal(changes: Record<string, string | undefined>): string {
  try {
    checkChanges(changes, { TYPO: '1' }, {});
  } catch (error) {
    assert.instance(error, AppError);
    assert.is((error as AppError).exitCode, 78);
    return (error as AppError).message;
  }
  throw new Error('it was taken');
}

check('takes what is right as the worker will read it: trimmed, but for a password', () => {
  const changes = { SERVER_URL: ' http://h ', PASSWORD: ' a ', STT_TOKEN: ' t\n', CRON: undefined, TYPO: undefined };
  assert.equal(checkChanges({ ...changes, GGML_VK_DISABLE_COOPMAT: '1' }, { TYPO: '1' }, {}), {
    SERVER_URL: 'http://h',
    PASSWORD: ' a ',
    STT_TOKEN: 't',
    CRON: undefined,
    TYPO: undefined,
    GGML_VK_DISABLE_COOPMAT: '1',
  });
});

check('refuses names that the worker does not read here, with what was probably meant', () => {
  assert.match(refusal({ SERVER_ULR: 'http://h' }), 'SERVER_ULR is not a setting; did you mean SERVER_URL?');
  assert.match(refusal({ SERVER_ULR: undefined }), 'did you mean SERVER_URL?');
  assert.match(refusal({ AUDIO_DIR: '/srv' }), 'AUDIO_DIR is a setting of the server');
  assert.match(refusal({ STT_ENV_FILE: '/x' }), 'STT_ENV_FILE stands in the environment only');
  for (const name of ['FOO', 'constructor', '', 'A B']) assert.match(refusal({ [name]: 'x' }), 'is not a setting');
  assert.match(refusal({ toString: undefined }), 'is not a setting');
});

check('refuses wrong values and empty ones, all at once', () => {
  const message = refusal({ STT_SLOTS: '0', SERVER_URL: 'server:8000', NODE_NAME: ' ', PASSWORD: ' \n ' });
  for (const problem of ['STT_SLOTS is wrong: 0', 'SERVER_URL is wrong', 'NODE_NAME would have no value']) {
    assert.match(message, problem);
  }
  assert.match(message, 'stt config unset PASSWORD');
});

check.run();
