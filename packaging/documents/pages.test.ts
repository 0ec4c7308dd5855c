/** Manual pages and the settings file: complete, and right in the eyes of the programs that read them. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { writeFile } from 'node:fs/promises';
import { readSettings } from '../../src/config/parse-settings.ts';
import { readEnvFile } from '../../src/config/read-env-file.ts';
import { serverSettings } from '../../src/config/server-settings.ts';
import { exitCodes } from '../../src/exit-codes.ts';
import { findProgram } from '../../src/find-program.ts';
import { runChild } from '../../src/run-child.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { describeProgram } from './describe-program.ts';
import { manualPage } from './manual-page.ts';
import { programs } from './programs.ts';
import { request, roffText } from './roff.ts';
import { serverSettingsFile } from './settings-file.ts';
import { settingsPage } from './settings-page.ts';

const pages = suite('manual pages');
const date = '2026-11-23';

pages('nothing in a text is taken for a request or an escape', () => {
  assert.is(
    roffText(`.dotted\n'quoted\na\\b --c`),
    String.raw`\&.dotted` + `\n` + String.raw`\&'quoted` + `\n` + String.raw`a\eb \-\-c`,
  );
  assert.is(roffText('say `stt run` now'), String.raw`say \fBstt run\fR now`);
  assert.is(request('TH', 'a "b"'), String.raw`.TH "a \(dqb\(dq"`);
});

for (const [bin, program] of Object.entries(programs)) {
  const described = await describeProgram(bin, program.commands);
  const page = manualPage(program, described, date);

  pages(`${bin}(1) has every command and flag, every exit code, and its date`, () => {
    for (const { words, flags } of described.commands) {
      if (words.join(' ') !== program.rootCommand)
        assert.ok(page.includes(roffText(`${bin} ${words.join(' ')}`)), words.join(' '));
      for (const { name } of flags.filter((flag) => flag.name !== 'help'))
        assert.ok(page.includes(roffText(`--${name}`)), name);
    }
    for (const code of Object.values(exitCodes)) assert.ok(page.includes(String.raw`\fB${code}\fR`), String(code));
    assert.match(page.split('\n')[0] ?? '', /^\.TH "STT[^ ]*" "1" "2026-11-23" "stt \d/u);
  });

  pages(`${program.settingsFile.page}(5) has every setting`, () => {
    const settings = settingsPage(bin, program, '0.1.0', date);
    for (const { env } of Object.values(program.settings)) assert.ok(settings.includes(`\n\\fB${env}\\fR\n`), env);
  });

  const isThere = (await findProgram('groff', process.env['PATH'] ?? '')).kind === 'found';
  const there = (title: string, body: () => Promise<void>): unknown =>
    isThere ? pages(title, body) : pages.skip(title, body);
  there(`groff has nothing to say of the pages of ${bin}`, async () => {
    await using folder = await temporaryFolder();
    for (const text of [page, settingsPage(bin, program, '0.1.0', date)]) {
      await writeFile(folder.join('page'), text);
      const end = await runChild({ file: 'groff', args: ['-man', '-Tutf8', '-ww', '-z', folder.join('page')] });
      assert.is(end.exitCode, 0);
      assert.is(end.outputTail, '');
    }
  });
}

pages('the settings file of a package sets nothing, and each sample in it is a right value', async () => {
  await using folder = await temporaryFolder();
  const text = serverSettingsFile();
  const parse = async (content: string) => {
    await writeFile(folder.join('server.env'), content);
    return readEnvFile(folder.join('server.env')).record;
  };
  assert.equal(await parse(text), {});
  const filled = await parse(text.replaceAll(/^#(?=[A-Z][A-Z_]*=)/gmu, ''));
  assert.is(readSettings(serverSettings, filled).wrong.size, 0);
  const all = Object.values(serverSettings).map(({ env }) => env);
  // The unit says that one.
  assert.equal(Object.keys(filled).toSorted(), all.filter((env) => env !== 'STT_DATA_DIR').toSorted());
});

pages.run();
