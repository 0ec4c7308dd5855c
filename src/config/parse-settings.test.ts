import { inspect } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AppError } from '../app-error.ts';
import { parseSettings } from './parse-settings.ts';
import { serverSettings } from './server-settings.ts';
import { workerSettings } from './worker-settings.ts';

const parse = suite('parseSettings');

parse('gives the ancestor-compatible defaults where nothing is set', () => {
  const worker = parseSettings(workerSettings, {});
  assert.is(worker.serverUrl, 'http://localhost:8000');
  assert.is(worker.vadEnabled, undefined);
  const server = parseSettings(serverSettings, { PORT: '', HOST: '  ' });
  assert.is(server.port, 8000);
  assert.is(server.host, '127.0.0.1');
  assert.ok(server.extensions.includes('opus'));
});

parse('reads what is set', () => {
  const worker = parseSettings(workerSettings, { SERVER_URL: 'https://x/stt/', VAD_ENABLED: 'True', STT_SLOTS: '3' });
  assert.is(worker.serverUrl, 'https://x/stt');
  assert.is(worker.vadEnabled, true);
  assert.is(worker.slots, 3);
  const server = parseSettings(serverSettings, { STT_EXTENSIONS: '.MP3 wav', STT_DEFAULT_LANGUAGE: 'DE-at' });
  assert.equal(server.extensions, ['mp3', 'wav']);
  assert.is(server.defaultLanguage, 'de');
});

parse('names every problem at once, each with its value and what would be right', () => {
  try {
    parseSettings(serverSettings, {
      PORT: '80000',
      STT_SCAN_SECONDS: 'often',
      STT_EXTENSIONS: 'mp3,../x',
      STT_DEFAULT_LANGUAGE: 'xx',
      STT_LOG_LEVEL: 'loud',
    });
    assert.unreachable();
  } catch (error) {
    assert.instance(error, AppError);
    assert.is((error as AppError).exitCode, 78);
    const { message } = error as AppError;
    assert.match(message, 'PORT is wrong: 80000 is not between 0 and 65535');
    assert.match(message, 'STT_SCAN_SECONDS is wrong: "often" is not a whole number');
    assert.match(message, 'STT_EXTENSIONS is wrong: "../x"');
    assert.match(message, 'STT_DEFAULT_LANGUAGE is wrong: "xx"');
    assert.match(message, 'STT_LOG_LEVEL is wrong: "loud" is not one of');
  }
});

parse('refuses URLs, flags and lists that are none', () => {
  assert.throws(() => parseSettings(workerSettings, { SERVER_URL: 'server:8000' }), /SERVER_URL is wrong/u);
  assert.throws(() => parseSettings(workerSettings, { SERVER_URL: 'not a url' }), /is not a URL/u);
  assert.throws(() => parseSettings(workerSettings, { AUTH_ENABLED: 'maybe' }), /neither true nor false/u);
  assert.throws(() => parseSettings(workerSettings, { STT_DATA_DIR: '~/stt' }), /only a shell understands/u);
  assert.throws(() => parseSettings(serverSettings, { STT_EXTENSIONS: ',' }), /"," names nothing/u);
  assert.throws(() => parseSettings(workerSettings, { STT_THREADS: '1.5' }), /not a whole number/u);
});

parse('refuses a query or a fragment in the address of the server, and shows no password of it', () => {
  for (const value of [
    'http://h?x=1',
    'http://h/#x',
    'http://me:hunter2@h/?x',
    'ftp://me:hunter2@h',
    'me:hunter2@h:80',
  ]) {
    try {
      parseSettings(workerSettings, { SERVER_URL: value });
      assert.unreachable(value);
    } catch (error) {
      assert.match((error as Error).message, /SERVER_URL is wrong/u);
      assert.not.match((error as Error).message, /hunter2/u);
    }
  }
  assert.is(parseSettings(workerSettings, { SERVER_URL: 'http://me:x@h/' }).serverUrl, 'http://me:x@h');
});

parse(
  'refuses blanks and quotes in an address, which would show the rest of a password, and says how to write them',
  () => {
    for (const password of ['hun ter2', 'hun"ter2', 'hun\tter2', 'hun\nter2', 'hun"/ter2@']) {
      for (const name of ['SERVER_URL', 'STT_WHISPER_SOURCE_URL']) {
        try {
          parseSettings(workerSettings, { [name]: `http://me:1${password}@h/` });
          assert.unreachable(password);
        } catch (error) {
          assert.match((error as Error).message, /is wrong: .*%20|is not a URL/u);
          assert.not.match((error as Error).message, /hun|ter2/u);
        }
      }
    }
    assert.is(parseSettings(workerSettings, { SERVER_URL: 'http://me:a%20b%22@h' }).serverUrl, 'http://me:a%20b%22@h');
  },
);

parse('keeps a password from showing itself', () => {
  const { password } = parseSettings(workerSettings, { PASSWORD: 'hunter2' });
  assert.is(password?.reveal(), 'hunter2');
  for (const shown of [String(password), JSON.stringify({ password }), inspect({ password })]) {
    assert.not.match(shown, 'hunter2');
  }
});

parse.run();
