import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hideSettingSecrets } from './hide-setting-secrets.ts';

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
