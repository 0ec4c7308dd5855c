/** The languages Whisper knows, by the code the wire carries. Source: whisper.cpp, `g_lang` in src/whisper.cpp. Pure. */
export const languages: ReadonlySet<string> = new Set(
  (
    'en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr bg lt la mi ml cy sk te ' +
    'fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn yo so af oc ka be tg sd gu am yi lo uz fo ht ps ' +
    'tk nn mt sa lb my bo tl mg as tt haw ln ha ba jw su yue'
  ).split(' '),
);

/**
 * The code for what a person or a database wrote: `DE`, `de-AT` and `pt_BR` are meant well.
 * @returns undefined when it is no language that Whisper knows.
 */
export function normaliseLanguage(written: string): string | undefined {
  const code = written.trim().toLowerCase().split(/[-_]/u)[0] ?? '';
  return languages.has(code) ? code : undefined;
}

/** For settings: a language, or `auto`. */
export function languageOrAuto(written: string): string {
  if (written.trim().toLowerCase() === 'auto') return 'auto';
  const code = normaliseLanguage(written);
  if (code === undefined)
    throw new Error(`"${written}" is not a language that Whisper knows; use a code like en, or auto`);
  return code;
}
