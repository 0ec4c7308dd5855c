import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hideSettingSecrets, hideSettingSecretsIn } from './hide-setting-secrets.ts';

const hide = suite('hideSettingSecrets');

hide('a secret of a settings file, of a unit, and of a difference', () => {
  for (const before of ['', '    ', '#   -', '+', 'Environment=', 'Environment="', "Environment='A=b' "]) {
    for (const name of ['STT_TOKEN', 'PASSWORD', 'GOTIFY_KEY']) {
      const line = `${before}${name}=hunter2 has blanks"`;
      assert.is(hideSettingSecrets(`A=b\n${line}\nC=d`), `A=b\n${before}${name}=[hidden]\nC=d`);
    }
  }
  assert.is(hideSettingSecrets('# STT_TOKEN=\nSTT_MODEL=medium'), '# STT_TOKEN=\nSTT_MODEL=medium');
});

/** However it is written, and whatever stands before each line of it. */
const writings = [
  'STT_TOKEN = hunter2',
  'STT_TOKEN: hunter2',
  'STT_TOKEN :hunter2',
  '"PASSWORD": "hunter2"',
  'SetCredential=STT_TOKEN:hunter2',
  String.raw`SetCredential=env:A=b\nSTT_TOKEN=hunter2`,
  'STT_TOKEN=\\\nhunter2',
  'STT_TOKEN=a\\\n# why\n; why\nhunter2\\\nhunter2',
  'Environment=A=b \\\n  "STT_TOKEN=\\\n  hunter2"',
  'PASSWORD="a\nhunter2\n\nhunter2"',
  "PASSWORD='a\nhunter2",
  'PASSWORD=`a\n"hunter2\n`hunter2',
  String.raw`PASSWORD="a\"` + '\nhunter2"',
  'PASSWORD="a" "b\nhunter2"',
  'PASSWORD="a\nb" "c\nhunter2"',
  'PASSWORD=\\\n"a\nhunter2"',
  'PASSWORD="a\n" PASSWORD="\nhunter2"',
  'PASSWORD=\n\n"hunter2"',
  'PASSWORD:\nhunter2',
  'export PASSWORD\n = hunter2',
  'STT_TOKEN=a "PASSWORD=\\\nhunter2"',
  'SERVER_URL=http://a/?b \\\nhunter2',
  'SERVER_URL="http://a/hunter2\n"',
  '<key>PASSWORD</key><string>hunter2</string>',
  '<key>PASSWORD</key>\n<string>hunter2</string>',
  '<key>PASSWORD</key>\n\n<string>\nhunter2\n</string>',
  '<key> PASSWORD\n</key>\n<string>hunter2</string>',
  '<key>PASSWORD</key><string>a</string><key>STT_TOKEN</key>\n<string>hunter2</string>',
  '<key>SERVER_URL</key>\n  <string>http://b/?t=hunter2</string>',
];

hide('however a value is written, on as many lines as it has', () => {
  for (const writing of writings) {
    for (const start of ['', ' ', '-', '+', '    ', '#   -', '#   +', '#    ']) {
      const lines = writing.split('\n').map((line) => start + line);
      const shown = hideSettingSecrets(lines.join('\n'));
      assert.not.match(shown, 'hunter2', `${writing}\n->\n${shown}`);
      assert.is(shown.split('\n').length, lines.length, shown);
      if (!/^(?: {4}|#)/u.test(start)) continue;
      const steps = hideSettingSecretsIn(['# a is written:', ...lines, 'systemctl daemon-reload', '# b is written:']);
      assert.not.match(steps.join('\n'), 'hunter2');
      // What is not of that file is as it was.
      assert.equal(
        [steps.length, ...steps.slice(-2)],
        [lines.length + 3, 'systemctl daemon-reload', '# b is written:'],
      );
    }
  }
});

hide('in a difference, where what goes and what comes are two texts', () => {
  const difference = (...lines: string[]): string => hideSettingSecrets(['@@ -1,4 +1,4 @@', ...lines].join('\n'));
  assert.is(
    difference('-PASSWORD="a', '+PASSWORD=b', ' hunter2', '+Nice=1', '-"', ' Nice=2'),
    '@@ -1,4 +1,4 @@\n-PASSWORD=[hidden]\n+PASSWORD=[hidden]\n [hidden]\n+Nice=1\n-[hidden]\n Nice=2',
  );
  assert.is(
    difference('   <key>PASSWORD</key>', '-  <string>hunter2</string>', '+  <string>hunter3</string>', ' </dict>'),
    '@@ -1,4 +1,4 @@\n   <key>PASSWORD</key>\n-  [hidden]\n+  [hidden]\n </dict>',
  );
});

hide('what comes after a value is shown', () => {
  for (const value of ['a', '"a"', '"a\nb"', 'a\\\nb', '\\\n"a"', '', "it's"]) {
    assert.ok(hideSettingSecrets(`STT_TOKEN=${value}\nPORT=1\n[Install]`).endsWith('\nPORT=1\n[Install]'), value);
  }
  const list = '<key>PASSWORD</key>\n<string>a</string>\n<key>Label</key>\n<string>stt.worker</string>';
  assert.ok(hideSettingSecrets(list).endsWith('\n<key>Label</key>\n<string>stt.worker</string>'));
  assert.equal(hideSettingSecretsIn(['# Warning: it will not see PORT.\n#   STT_MODEL']), [
    '# Warning: it will not see PORT.\n#   STT_MODEL',
  ]);
});

hide('of an address who logs in, and what follows a ?', () => {
  for (const value of [
    'http://ann:hunter2@box:8000',
    "'http://ann:hunter2@box:8000'",
    'ann:hunter2@box',
    'http://b/?t=hunter2',
  ]) {
    const shown = hideSettingSecrets(`    SERVER_URL=${value}`);
    assert.not.match(shown, 'hunter2');
    assert.match(shown, '    SERVER_URL=');
  }
  assert.is(hideSettingSecrets('SERVER_URL=http://box:8000'), 'SERVER_URL=http://box:8000');
  assert.not.match(hideSettingSecrets('GOTIFY_URL=https://ann:hunter2@box/'), 'hunter2');
});

hide('what is no setting as everywhere', () => {
  assert.is(hideSettingSecrets('HTTP_PROXY=http://ann:hunter2@box'), 'HTTP_PROXY=http://[hidden]@box');
});

hide.run();
