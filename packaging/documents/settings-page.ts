/** The manual page of a settings file: the table of settings, with how such a file is written. Pure. */
import type { Setting } from '../../src/config/setting.ts';
import { pageReference, titleLine } from './manual-page.ts';
import type { Program } from './programs.ts';
import { bold, listed, paragraphs, roffText, section } from './roff.ts';

export function settingsPage(bin: string, program: Program, version: string, date: string): string {
  const { path, page, about } = program.settingsFile;
  const lines = [
    titleLine(page, 5, date, version),
    section('Name'),
    `${roffText(page)} ${String.raw`\-`} ${roffText(about)}`,
    section('Description'),
    ...paragraphs(howItIsRead(path)),
    section('Settings'),
    ...Object.values(program.settings).flatMap((setting) => [
      ...listed(bold(setting.env), setting.help),
      '.br',
      roffText(`Default: ${defaultText(setting)}.`),
    ]),
    section('See also'),
    pageReference(`${bin}(1)`),
  ];
  return `${lines.join('\n')}\n`;
}

const howItIsRead = (path: string): string =>
  [
    `${path} holds a setting in each line, NAME=VALUE. A line that begins with # says nothing. A value with blanks, # or quotes stands in quotes.`,
    'The same names in the environment go before this file, flags on the command line before both. A name that is nearly one of these is refused, so that no setting is overlooked for a slip of the finger. What was changed counts from the next start on.',
  ].join('\n\n');

/** For people, without marks. */
export function defaultText(setting: Setting<unknown>): string {
  const { fallback, fallbackText } = setting;
  if (fallbackText !== undefined) return fallbackText.replaceAll('`', '');
  if (fallback === undefined) return 'none';
  return typeof fallback === 'string' ? fallback : JSON.stringify(fallback);
}
