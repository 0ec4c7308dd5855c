/**
 * `node packaging/documents/main.ts PROGRAM FOLDER DATE`: writes what a package of `stt` or `stt-server` brings besides the program:
 * manual pages, completions for three shells, and the server's settings file. DATE (YYYY-MM-DD) stands in the manual pages.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { exitCodes } from '../../src/exit-codes.ts';
import { bashCompletion } from './bash-completion.ts';
import { describeProgram } from './describe-program.ts';
import { fishCompletion } from './fish-completion.ts';
import { manualPage } from './manual-page.ts';
import { programs } from './programs.ts';
import { serverSettingsFile } from './settings-file.ts';
import { settingsPage } from './settings-page.ts';
import { zshCompletion } from './zsh-completion.ts';

const [bin = '', folder, date = ''] = process.argv.slice(2);
const program = programs[bin];

if (program === undefined || folder === undefined || !/^\d{4}-\d\d-\d\d$/u.test(date)) {
  process.stderr.write(
    `Usage: node packaging/documents/main.ts ${Object.keys(programs).join('|')} FOLDER YYYY-MM-DD\n`,
  );
  process.exitCode = exitCodes.usage;
} else {
  const described = await describeProgram(bin, program.commands);
  const files: Record<string, string> = {
    [`man1/${bin}.1`]: manualPage(program, described, date),
    [`man5/${program.settingsFile.page}.5`]: settingsPage(bin, program, described.version, date),
    // By the names under which the shells look for them.
    [`bash/${bin}`]: bashCompletion(described, program.rootCommand),
    [`zsh/_${bin}`]: zshCompletion(described, program.rootCommand),
    [`fish/${bin}.fish`]: fishCompletion(described, program.rootCommand),
    ...(bin === 'stt-server' ? { 'server.env': serverSettingsFile() } : {}),
  };
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}
