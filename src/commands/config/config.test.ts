// deadline: 90 s
import { chmod, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type TemporaryFolder, temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { parseEnvText } from '../../config/env-file.ts';
import { packageFolder } from '../../package-folder.ts';
import { type ChildEnd, runChild } from '../../run-child.ts';
import { onTerminal } from '../../setup/configure/testing/on-terminal.ts';

const config = suite('stt config');

const program = `${packageFolder}/bin/stt.js`;
const envFile = (folder: TemporaryFolder): string => folder.join('own', 'worker.env');

/** Runs the program itself. @param input what is in its standard input; without it that is empty. */
function stt(
  folder: TemporaryFolder,
  args: string[],
  { env = {}, input }: { env?: Record<string, string>; input?: string } = {},
): Promise<ChildEnd> {
  const command = [process.execPath, program, 'config', ...args];
  const [file = '', ...rest] =
    input === undefined ? command : ['sh', '-c', 'printf %s "$INPUT" | "$@"', 'sh', ...command];
  return runChild({
    file,
    args: rest,
    cwd: folder.path,
    env: { STT_ENV_FILE: envFile(folder), ...env, ...(input === undefined ? {} : { INPUT: input }) },
    stdoutLimitBytes: 100_000,
  });
}

async function own(folder: TemporaryFolder, text: string): Promise<void> {
  await mkdir(folder.join('own'));
  await writeFile(envFile(folder), text, { mode: 0o600 });
}

const read = (folder: TemporaryFolder): Promise<string> => readFile(envFile(folder), 'utf8');
const parse = ({ stdout }: ChildEnd): Record<string, unknown> => JSON.parse(stdout) as Record<string, unknown>;

config('set writes all or none, keeps the rest of the file, and does nothing twice', async () => {
  await using folder = await temporaryFolder();
  const args = ['set', 'SERVER_URL=http://server:8000/', 'CRON=0 22 * * *', 'GGML_VK_VISIBLE_DEVICES=1'];
  const dry = await stt(folder, [...args, '--dry-run']);
  assert.match(dry.stdout, /^Would be written to .*worker\.env: SERVER_URL, CRON, GGML_VK_VISIBLE_DEVICES\.$/mu);
  assert.is(await stat(envFile(folder)).catch(() => 'missing'), 'missing');

  const end = await stt(folder, args);
  assert.is(end.exitCode, 0, end.outputTail);
  assert.match(end.stdout, /^Written to .*worker\.env: SERVER_URL, CRON, GGML_VK_VISIBLE_DEVICES\.$/mu);
  assert.is((await stat(envFile(folder))).mode & 0o777, 0o600);
  await writeFile(envFile(folder), `${await read(folder)}# mine\nOTHER=1\n`);
  const before = await read(folder);
  const [again, wrong] = await Promise.all([
    stt(folder, args),
    stt(folder, ['set', 'NODE_NAME=a', 'SERVER_ULR=http://x', 'CRON=61 * * * *', 'STT_SLOTS=0']),
  ]);
  assert.match(again.stdout, /^Nothing to write: .* says so already\.$/mu);
  assert.is(wrong.exitCode, 78);
  for (const problem of ['did you mean SERVER_URL?', 'has "61" for the minute', 'STT_SLOTS is wrong']) {
    assert.match(wrong.outputTail, problem);
  }
  assert.is(await read(folder), before);

  const unset = await stt(folder, ['unset', 'CRON', 'OTHER', 'STT_SLOTS', '--json']);
  assert.equal([unset.exitCode, parse(unset)['names']], [0, ['CRON', 'OTHER']]);
  assert.match(await read(folder), /^# Settings.*\nSERVER_URL=.*\nGGML_VK_VISIBLE_DEVICES=1\n# mine\n$/u);
});

config('set takes a secret from standard input, exactly, and warns of one on the command line', async () => {
  await using folder = await temporaryFolder();
  const secret = ` it's "my" #1\nof \\two $lines `;
  const piped = await stt(folder, ['set', 'PASSWORD', '--stdin'], { input: `${secret}\n` });
  assert.is(piped.exitCode, 0, piped.outputTail);
  assert.is(parseEnvText(await read(folder))['PASSWORD'], secret);
  const [shown, open, notAsked, empty] = await Promise.all([
    stt(folder, ['set', 'NODE_NAME=a', 'PASSWORD=hunter2', '--dry-run']),
    stt(folder, ['set', 'NODE_NAME']),
    stt(folder, ['set', 'PASSWORD']),
    stt(folder, ['set', 'PASSWORD', '--stdin'], { input: '\n' }),
  ]);
  assert.match(shown.outputTail, 'PASSWORD stood on the command line');
  assert.not.match(shown.outputTail + piped.outputTail, /hunter2|my/u);
  assert.equal([open.exitCode, notAsked.exitCode, empty.exitCode], [2, 2, 78]);
  assert.match(open.outputTail, 'NODE_NAME has no value');
  assert.match(notAsked.outputTail, '--stdin');
  assert.match(empty.outputTail, 'PASSWORD would have no value');
  assert.is(parseEnvText(await read(folder))['PASSWORD'], secret);
});

config('set asks for a secret on the terminal, and never shows it', async () => {
  await using folder = await temporaryFolder();
  const where = { cwd: folder.path, env: { STT_ENV_FILE: envFile(folder) } };
  const wait = 'STT_TOKEN (it is not shown): ';
  const ask = (send: string) => onTerminal([program, 'config', 'set', 'STT_TOKEN'], [{ wait, send }], where);
  const given = await ask('hunter2\r');
  assert.is(given.exitCode, 0, given.screen);
  assert.match(given.screen, /Written to .*: STT_TOKEN\./u);
  assert.not.match(given.screen, 'hunter2');
  assert.is(parseEnvText(await read(folder))['STT_TOKEN'], 'hunter2');
  const [interrupted, ended] = await Promise.all([ask('other\x03'), ask('\x04')]);
  assert.equal([interrupted.exitCode, ended.exitCode], [130, 66]);
  assert.match(interrupted.screen, '[STT_INTERRUPTED]');
  assert.is(parseEnvText(await read(folder))['STT_TOKEN'], 'hunter2');
});

config('what is typed before the question is no part of the secret', async () => {
  await using folder = await temporaryFolder();
  const where = { cwd: folder.path, env: { STT_ENV_FILE: envFile(folder) } };
  for (const early of ['early', 'early\r', 'early\rlate']) {
    const { screen, exitCode } = await onTerminal(
      [program, 'config', 'set', 'PASSWORD'],
      [
        { wait: '', send: early },
        { wait: 'PASSWORD (it is not shown): ', send: 'hunter2\r' },
      ],
      where,
    );
    assert.is(exitCode, 0, screen);
    assert.is(parseEnvText(await read(folder))['PASSWORD'], 'hunter2');
    await rm(envFile(folder));
  }
});

config('set warns of a password in an address, shows none, and refuses what has no name', async () => {
  await using folder = await temporaryFolder();
  const [warned, odd, blank, nameless, empty] = await Promise.all([
    stt(folder, ['set', 'SERVER_URL=http://me:hunter2@h', '--dry-run']),
    stt(folder, ['set', 'SERVER_URL=http://me:1/hunter2@h', '--dry-run']),
    stt(folder, ['set', 'SERVER_URL=http://me:hunter2 w0rd@h']),
    stt(folder, ['set', '=hunter2']),
    stt(folder, ['set', '']),
  ]);
  for (const end of [warned, odd]) {
    assert.is(end.exitCode, 0, end.outputTail);
    assert.match(end.outputTail, /SERVER_URL stood on the command line.* Better: write it into the file/u);
  }
  assert.is(blank.exitCode, 78);
  assert.match(blank.outputTail, 'write it as %20');
  for (const end of [nameless, empty]) {
    assert.is(end.exitCode, 2, end.outputTail);
    assert.match(end.outputTail, 'A setting has no name.');
  }
  for (const end of [warned, odd, blank, nameless]) assert.not.match(end.outputTail, /hunter2|w0rd/u);
  const plain = await stt(folder, ['set', 'SERVER_URL=http://h', '--dry-run']);
  assert.not.match(plain.outputTail, 'stood on the command line');
});

config('shows what is in force, where it comes from, and no secret', async () => {
  await using folder = await temporaryFolder();
  await own(folder, 'SERVER_URL=http://me:hunter2@server:8000\nPASSWORD=hunter2\nSTT_MODEL=base\n');
  await writeFile(folder.join('.env'), 'STT_MODEL=small\n');
  const env = { STT_SLOTS: '2' };
  const [plain, all, file] = await Promise.all([
    stt(folder, [], { env }),
    stt(folder, ['show', '--all', '--json'], { env }),
    stt(folder, ['path']),
  ]);
  assert.is(plain.exitCode, 0, plain.outputTail);
  assert.equal(plain.stdout.trim().split('\n'), [
    `SERVER_URL\thttp://***@server:8000\t${envFile(folder)}`,
    `PASSWORD\t[hidden]\t${envFile(folder)}`,
    `STT_MODEL\tsmall\t${folder.join('.env')}, before ${envFile(folder)}`,
    'STT_SLOTS\t2\tenvironment',
  ]);
  assert.not.match(plain.outputTail + all.stdout, 'hunter2');
  const named = (name: string): unknown =>
    (parse(all)['settings'] as Record<string, unknown>[]).find((setting) => setting['name'] === name);
  assert.equal(named('STT_SLOTS'), { name: 'STT_SLOTS', value: 2, from: 'environment', alsoIn: [] });
  const unset = { name: 'STT_FLASH_ATTENTION', value: null, from: 'default', alsoIn: [] };
  assert.equal(named('STT_FLASH_ATTENTION'), unset);
  assert.is(file.stdout, `${envFile(folder)}\n`);
});

config('shows a credential as the place where a setting comes from', async () => {
  await using folder = await temporaryFolder();
  await own(folder, 'SERVER_URL=http://file:1\nPASSWORD=file\n');
  await mkdir(folder.join('credentials'));
  const [file, token] = [folder.join('credentials', 'worker.env'), folder.join('credentials', 'PASSWORD')];
  await writeFile(file, 'SERVER_URL=http://handed:1\nPASSWORD=handed\n');
  await writeFile(token, 'alone\n');
  const { stdout } = await stt(folder, [], { env: { CREDENTIALS_DIRECTORY: folder.join('credentials') } });
  assert.equal(stdout.trim().split('\n'), [
    `SERVER_URL\thttp://handed:1\t${file}`,
    `PASSWORD\t[hidden]\t${token}, before ${file}`,
  ]);
});

config('ends with 78 and lists what is wrong; warns of a file that others may read', async () => {
  await using folder = await temporaryFolder();
  await own(folder, 'PASSWORD=hunter2\nSERVER_ULR=http://x\nAUTH_ENABLED=true\n');
  await chmod(envFile(folder), 0o644);
  const env = { CRON: 'never', STT_SLOTS: 'many', STT_STRANGE_THING: '1' };
  const [end, json] = await Promise.all([stt(folder, [], { env }), stt(folder, ['--json'], { env })]);
  assert.equal([end.exitCode, json.exitCode], [78, 78]);
  for (const said of [
    'STT_SLOTS is wrong: "many" is not a whole number',
    'CRON is wrong: "never" has 1 field',
    'AUTH_ENABLED is true, but USERNAME or PASSWORD is not set',
    'SERVER_ULR is not a setting; did you mean SERVER_URL?',
    'chmod 600',
    'STT_STRANGE_THING',
  ]) {
    assert.match(end.outputTail, said);
  }
  assert.match(end.stdout, /^STT_SLOTS\t\(wrong\)\tenvironment$/mu);
  assert.equal([(parse(json)['problems'] as string[]).length, (parse(json)['warnings'] as string[]).length], [4, 2]);
  const closed = await stt(folder, ['set', 'PASSWORD=hunter2']);
  assert.match(closed.stdout, 'Others could read');
  assert.match(closed.stdout, 'A worker would not start');
  assert.is((await stat(envFile(folder))).mode & 0o777, 0o600);
});

config('says when the file cannot be written', async () => {
  await using folder = await temporaryFolder();
  const nowhere = await stt(folder, ['set', 'NODE_NAME=a'], { env: { STT_ENV_FILE: '/proc/worker.env' } });
  assert.is(nowhere.exitCode, 74, nowhere.outputTail);
  assert.match(nowhere.outputTail, /cannot be written/u);
});

config.run();
