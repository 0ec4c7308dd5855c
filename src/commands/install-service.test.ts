// deadline: 60 s
import { writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { serverProgram, workerProgram } from '../../test/support/programs.ts';
import { type TemporaryFolder, temporaryFolder } from '../../test/support/temporary-folder.ts';
import { type ChildEnd, runChild } from '../run-child.ts';

const service = suite('stt install-service');

/** Nothing here changes a machine: dry runs, questions, and what is refused. */
function run(
  program: string,
  folder: TemporaryFolder,
  args: string[],
  env: Record<string, string> = {},
): Promise<ChildEnd> {
  return runChild({
    file: process.execPath,
    args: [program, ...args],
    cwd: folder.path,
    env: { STT_ENV_FILE: folder.join('own.env'), STT_DATA_DIR: folder.join('data'), ...env },
    stdoutLimitBytes: 100_000,
  });
}

service('a dry run prints the whole unit and every command, and no secret', async () => {
  await using folder = await temporaryFolder();
  const [worker, server, json] = await Promise.all([
    run(workerProgram, folder, ['install-service', '--system', '--now', '--dry-run'], {
      SERVER_URL: 'http://me:hunter2@box',
    }),
    run(serverProgram, folder, ['install-service', '--system', '--dry-run', '--library', 'my audio']),
    run(workerProgram, folder, ['install-service', '--system', '--dry-run', '--json']),
  ]);
  assert.equal([worker.exitCode, server.exitCode, json.exitCode], [0, 0, 0], worker.outputTail + server.outputTail);
  // Where this Node.js is a usual one as well, that path is named.
  assert.match(worker.stdout, /^ {4}ExecStart=\S*node \S*\/bin\/stt\.js run$/mu);
  assert.match(worker.stdout, /^systemctl start stt-worker\.service$/mu);
  assert.not.match(worker.stdout, 'hunter2');
  assert.match(server.stdout, /^ {4}ExecStart=\S*node \S*\/bin\/stt-server\.js$/mu);
  assert.match(server.stdout, `# /etc/stt/server.env: AUDIO_DIR=${folder.join('my audio')}`);
  const { steps } = JSON.parse(json.stdout) as { steps: string[] };
  assert.ok(steps.includes('systemctl daemon-reload'));
});

service(
  'what is set here goes into a settings file that is made; for the machine nothing of the .env here',
  async () => {
    await using folder = await temporaryFolder();
    await writeFile(folder.join('.env'), 'SERVER_URL=http://of-the-folder:8000\n');
    const env = { GGML_VK_VISIBLE_DEVICES: '1', LD_LIBRARY_PATH: '/opt/vendor/lib' };
    const [own, machine] = await Promise.all(
      ['--user', '--system'].map((scope) => run(workerProgram, folder, ['install-service', scope, '--dry-run'], env)),
    );
    assert.equal([own?.exitCode, machine?.exitCode], [0, 0], own?.outputTail);
    assert.match(own?.stdout ?? '', /^ {4}SERVER_URL=http:\/\/of-the-folder:8000$/mu);
    assert.match(own?.stdout ?? '', /^ {4}GGML_VK_VISIBLE_DEVICES=1$/mu);
    assert.match(own?.stdout ?? '', /^ {4}Environment=LD_LIBRARY_PATH=\/opt\/vendor\/lib$/mu);
    assert.not.match(machine?.stdout ?? '', 'of-the-folder');
    assert.match(machine?.stdout ?? '', /^# Warning: The service will not see .*: SERVER_URL\b/mu);
  },
);

service('status of what is not there, wrong flags, and what each verb is for', async () => {
  await using folder = await temporaryFolder();
  const [status, both, topic, follow, help] = await Promise.all([
    run(serverProgram, folder, ['service', 'status', '--json']),
    run(workerProgram, folder, ['install-service', '--user', '--system']),
    run(workerProgram, folder, ['service', '--help']),
    run(workerProgram, folder, ['service', 'logs', '-n', 'x']),
    run(serverProgram, folder, ['install-service', '--help']),
  ]);
  assert.is(status.exitCode, 69);
  assert.match((JSON.parse(status.stdout) as { error: { code: string } }).error.code, /^STT_NO_(?:SERVICE|SYSTEMD)$/u);
  assert.equal([both.exitCode, follow.exitCode], [2, 2]);
  for (const verb of ['logs', 'restart', 'status']) assert.match(topic.stdout, new RegExp(`service ${verb} `, 'u'));
  assert.match(help.stdout, /sudo stt-server install-service --library \/srv\/recordings\s+--now/u);
});

service('uninstalling nothing says so', async () => {
  await using folder = await temporaryFolder();
  const env = { HOME: folder.path, XDG_CONFIG_HOME: folder.join('config') };
  const end = await run(workerProgram, folder, ['uninstall-service', '--user'], env);
  assert.is(end.exitCode, 0, end.outputTail);
  assert.match(end.stdout, /^No service stt-worker of \S+ is installed: nothing to do\./u);
});

service.run();
