import { mkdir } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../../test/support/rejects.ts';
import { plistCommand, renderPlist } from './launchd-plist.ts';
import { serviceVerbs } from './service-by-platform.ts';
import { type FakeMachine, fakeMachine } from './testing/fake-machine.ts';

const launchd = suite('launchd');

const { install, uninstall, status, logs, restart } = serviceVerbs('darwin');
const plistFile = '/Users/ann/Library/LaunchAgents/stt.worker.plist';

/** A launchctl that remembers what it was told. */
const macWith = (more: Record<string, string> = {}): Promise<FakeMachine> =>
  fakeMachine({
    host: {
      platform: 'darwin',
      uid: 501,
      userName: 'ann',
      home: '/Users/ann',
      configHome: '/Users/ann/.config',
      node: '/opt/homebrew/bin/node',
    },
    hasSystemd: false,
    scripts: {
      launchctl: `
        cd "\${0%/*}"
        case "$1" in
          print) [ -e loaded ] || exit 113
            echo '	state = running'; echo '	pid = 77' ;;
          bootstrap) [ -e loaded ] && { echo 'Bootstrap failed: 5: Input/output error' >&2; exit 5; }; : > loaded ;;
          bootout) /bin/rm -f loaded ;;
        esac`,
      chown: 'exit 0',
      tail: 'echo "the engine is missing"',
      ...more,
    },
  });

launchd('writes a property list that says when to start it, when again, and as what', () => {
  const text = renderPlist({
    label: 'stt.worker',
    command: ['/opt/a & b/node', '/x/<stt>.js', 'run'],
    environment: { PATH: '/usr/bin' },
    logFile: '/l/stt.log',
    workingFolder: '/Users/ann',
    userName: undefined,
    niceness: 10,
    umask: 0o077,
    exitTimeoutSeconds: 45,
  });
  assert.match(text, '<string>/opt/a &amp; b/node</string>\n    <string>/x/&lt;stt&gt;.js</string>');
  assert.match(text, '<key>KeepAlive</key>\n  <dict>\n    <key>SuccessfulExit</key>\n    <false/>\n  </dict>');
  assert.match(text, '<key>ThrottleInterval</key>\n  <integer>30</integer>');
  assert.match(
    text,
    '<key>ProcessType</key>\n  <string>Background</string>\n  <key>Nice</key>\n  <integer>10</integer>',
  );
  assert.match(text, '<key>ExitTimeOut</key>\n  <integer>45</integer>');
  assert.match(text, '<key>Umask</key>\n  <integer>63</integer>');
  assert.match(text, '<key>StandardErrorPath</key>\n  <string>/l/stt.log</string>');
  assert.not.match(text, 'UserName');
  assert.equal(plistCommand(text), ['/opt/a & b/node', '/x/<stt>.js', 'run']);
});

launchd('installs, does nothing twice, renews, restarts and removes', async () => {
  await using mac = await macWith();
  await install(mac.worker({ isStarted: true }));
  const target = 'gui/501/stt.worker';
  assert.equal(await mac.changes(), [`launchctl enable ${target}`, `launchctl bootstrap gui/501 ${plistFile}`]);
  const text = await mac.read(plistFile);
  assert.match(text, /^<\?xml.*\n<!-- Made by stt install-service, stt 1\.2\.3; sha256:/u);
  assert.match(
    text,
    '<string>/opt/homebrew/bin/node</string>\n    <string>/usr/lib/node_modules/stt/bin/stt.js</string>\n    <string>run</string>',
  );
  assert.match(text, '/opt/homebrew/bin:/usr/local/bin');

  const again = await install(mac.worker({ isStarted: true }));
  assert.equal([again.written, (await mac.changes()).length], [[], 2]);

  await install(mac.worker({ isStarted: true, host: { ...mac.host, version: '2.0.0' } }));
  assert.equal((await mac.changes()).slice(2), [
    `launchctl bootout ${target}`,
    `launchctl enable ${target}`,
    `launchctl bootstrap gui/501 ${plistFile}`,
  ]);
  assert.ok(mac.said.includes(`Renewed: ${plistFile} (it was made by stt 1.2.3)`), mac.said.join('\n'));

  const told = await status(mac.worker());
  assert.equal([told.isActive, told.pid, told.madeBy, told.file], [true, 77, '2.0.0', plistFile]);
  await restart(mac.worker());
  // Not killed: it ends in its own time, and is told of anew.
  assert.equal((await mac.changes()).slice(-3), [
    `launchctl bootout ${target}`,
    `launchctl enable ${target}`,
    `launchctl bootstrap gui/501 ${plistFile}`,
  ]);
  await logs({ ...mac.worker(), isFollowed: false, lines: 5, since: undefined });
  await rejects(logs({ ...mac.worker(), isFollowed: false, lines: 5, since: 'today' }), /--since is for the journal/u);

  assert.equal((await uninstall(mac.worker())).removed, [plistFile]);
  assert.is((await mac.changes()).at(-1), `launchctl bootout ${target}`);
  assert.is((await uninstall(mac.worker())).wasThere, false);
  await rejects(status(mac.worker()), /No service stt-worker is installed/u);
});

launchd('another library for a server that runs starts it anew', async () => {
  await using mac = await macWith();
  const userSettingsFile = '/Users/ann/Library/Preferences/stt/server.env';
  for (const name of ['a', 'b']) await mkdir(mac.folder.join('root/Volumes', name), { recursive: true });
  const server = (library: string) => install(mac.server({ userSettingsFile, library, isStarted: true }));
  await server('/Volumes/a');
  const before = (await mac.changes()).length;
  await server('/Volumes/a');
  assert.is((await mac.changes()).length, before);
  await server('/Volumes/b');
  assert.match(await mac.read(userSettingsFile), 'AUDIO_DIR=/Volumes/b');
  assert.is((await mac.changes())[before], 'launchctl bootout gui/501/stt.server');
});

launchd('asks before it overwrites one that was changed', async () => {
  await using mac = await macWith();
  await install(mac.worker({ settingsElsewhere: 'It will not see PORT.' }));
  assert.ok(mac.said.includes('Warning: It will not see PORT.'));
  assert.equal(await mac.changes(), []);
  await mac.write(plistFile, (await mac.read(plistFile)).replace('Background', 'Standard'));
  await rejects(install(mac.worker()), /is not overwritten, and nothing was changed/u);
  assert.match(mac.said.join('\n'), /\n-.*Standard.*\n\+.*Background/u);
  assert.match(mac.said.join('\n'), 'stt install-service --now');
});

launchd('shows the end of the log where it does not start', async () => {
  await using mac = await macWith({
    launchctl: `
      cd "\${0%/*}"
      case "$1" in
        print) [ -e loaded ] || exit 113; echo '	state = spawn scheduled'; echo '	last exit code = 78' ;;
        bootstrap) : > loaded ;;
      esac`,
  });
  const error = await rejects(
    install(mac.worker({ isStarted: true })),
    /stt\.worker did not start \(last exit code 78\)[^]*the engine is missing/u,
  );
  assert.is(error['exitCode'], 69);
});

launchd('one of the machine runs as somebody, and not as root', async () => {
  await using mac = await macWith();
  const root = { ...mac.host, uid: 0, userName: 'root', home: '/var/root' };
  const nobody = await rejects(install(mac.worker({ host: root })), /needs a user that it runs as/u);
  assert.match(String(nobody['hint']), /--run-as USER$/u);
  await install(mac.worker({ host: root, runAs: 'ann', isStarted: true }));
  const text = await mac.read('/Library/LaunchDaemons/stt.worker.plist');
  assert.match(text, '<key>UserName</key>\n  <string>ann</string>');
  assert.match(text, '<key>HOME</key>\n    <string>/Users/ann</string>');
  assert.is((await mac.changes()).at(-1), 'launchctl bootstrap system /Library/LaunchDaemons/stt.worker.plist');
  const forbidden = await rejects(install(mac.worker({ scope: 'system' })), /for root to change/u);
  assert.is(forbidden['exitCode'], 77);
});

launchd('has as long to end as the settings say, and the server writes for everybody', async () => {
  await using mac = await macWith();
  const file = '/Users/ann/Library/Preferences/stt/worker.env';
  await mac.write(file, 'STT_STOP_SECONDS=120\n');
  await install(mac.worker({ userSettingsFile: file }));
  assert.match(await mac.read(plistFile), '<key>ExitTimeOut</key>\n  <integer>135</integer>');
  assert.match(await mac.read(plistFile), '<key>Umask</key>\n  <integer>63</integer>');
  await install(mac.server());
  const server = await mac.read(plistFile.replace('stt.worker', 'stt.server'));
  assert.match(server, '<key>Umask</key>\n  <integer>18</integer>');
});

launchd('a shell that says nothing of ffmpeg and libraries takes nothing from a service that has them', async () => {
  await using mac = await macWith();
  const { userEnvironment } = mac.worker();
  const own = { PATH: '/Users/ann/bin:/usr/local/bin:/usr/bin:/bin', LD_LIBRARY_PATH: '/opt/a & b/lib' };
  await install(mac.worker({ userEnvironment: { ...userEnvironment, ...own } }));
  const proved = await mac.read(plistFile);
  assert.match(proved, '<string>/opt/homebrew/bin:/Users/ann/bin:/usr/local/bin:');
  for (const environment of [{}, { PATH: own.PATH }]) {
    const again = mac.worker({ userEnvironment: { ...userEnvironment, ...environment } });
    assert.equal([(await install(again)).written, await mac.read(plistFile)], [[], proved]);
  }
  const other = { userEnvironment: { ...userEnvironment, LD_LIBRARY_PATH: '/opt/c/lib' } };
  const { steps = [] } = await install(mac.worker({ ...other, isDryRun: true }));
  assert.ok(steps.includes(`# Goes from ${plistFile}: LD_LIBRARY_PATH=/opt/a & b/lib`), steps.join('\n'));
  await install(mac.worker(other));
  assert.ok(mac.said.includes(`Renewed: ${plistFile} (it said LD_LIBRARY_PATH=/opt/a & b/lib)`), mac.said.join('\n'));
  // The folder of a Node.js that is gone from there is not kept.
  await install(mac.worker({ host: { ...mac.host, node: '/usr/local/bin/node' } }));
  assert.match(await mac.read(plistFile), '<string>/usr/local/bin:/Users/ann/bin:/usr/bin:');
});

launchd('a server of the machine keeps the library that was named, and has a log that is its own', async () => {
  await using mac = await macWith();
  const host = { ...mac.server().host, uid: 0, userName: 'root', home: '/var/root' };
  const daemon = '/Library/LaunchDaemons/stt.server.plist';
  await mkdir(mac.folder.join('root/Volumes/talks'), { recursive: true });
  await install(mac.server({ host, runAs: 'ann', library: '/Volumes/talks' }));
  assert.match(await mac.read(daemon), '<string>--library</string>\n    <string>/Volumes/talks</string>');
  const log = /<key>StandardOutPath<\/key>\n {2}<string>(.*)<\/string>/u.exec(await mac.read(daemon))?.[1] ?? '';
  assert.ok((await mac.changes()).includes(`chown ann ${log}`), (await mac.changes()).join('\n'));
  await install(mac.server({ host: { ...host, version: '2.0.0' }, runAs: 'ann' }));
  assert.match(await mac.read(daemon), '<string>/Volumes/talks</string>');
});

launchd('elsewhere it says that there are no services', () => {
  assert.throws(() => serviceVerbs('win32'), /made for systemd \(Linux\) and launchd \(macOS\)/u);
});

launchd.run();
