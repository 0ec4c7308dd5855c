/** The questions to who sets up a worker, and what of its settings is to change by the answers. Writes nothing. */
import { whyWrong, workerSetting } from '../../config/check-changes.ts';
import type { EnvChanges, EnvRecord } from '../../config/env-file.ts';
import { showable } from '../../config/setting.ts';
import { printable } from '../../printable.ts';
import { furtherChecks } from './apply-settings.ts';
import type { Dialogue } from './open-dialogue.ts';
import type { Reached } from './reach-server.ts';

export type AskSettings = {
  dialogue: Dialogue;
  /** What is set now, wherever: the answer of who only presses Enter. */
  current: EnvRecord;
  hostName: string;
  reach: (serverUrl: string) => Promise<Reached>;
};

export async function askSettings({ dialogue, current, hostName, reach }: AskSettings): Promise<EnvChanges> {
  const set = (name: string): string | undefined => {
    const text = current[name]?.trim() ?? '';
    return text === '' ? undefined : text;
  };
  dialogue.say('Settings of this worker. Enter takes what stands in brackets, Ctrl-C leaves all as it is.');

  const serverUrl = await askSetting(dialogue, 'SERVER_URL', 'Address of the server', set('SERVER_URL'));
  await tellOfServer(dialogue, serverUrl, reach);
  const signIn = await askSignIn(dialogue, set);
  const name = await askSetting(dialogue, 'NODE_NAME', 'Name of this worker', set('NODE_NAME') ?? hostName);
  const hours = await askHours(dialogue, set);
  return {
    SERVER_URL: serverUrl,
    ...signIn,
    NODE_NAME: name === hostName ? undefined : name,
    ...hours,
  };
}

type Set = (name: string) => string | undefined;

async function tellOfServer(dialogue: Dialogue, serverUrl: string, reach: AskSettings['reach']): Promise<void> {
  const reached = await reach(serverUrl);
  dialogue.say(
    reached.kind === 'reached'
      ? '  Something listens there.'
      : `  Nothing answers there now (${printable(reached.reason)}). That may come later: the worker waits for its server.`,
  );
}

async function askSignIn(dialogue: Dialogue, set: Set): Promise<EnvChanges> {
  const isBasic = ['true', '1', 'yes', 'on'].includes(set('AUTH_ENABLED')?.toLowerCase() ?? '');
  const present = set('STT_TOKEN') !== undefined ? 'token' : isBasic ? 'password' : 'nothing';
  const none = { STT_TOKEN: undefined, AUTH_ENABLED: undefined, USERNAME: undefined, PASSWORD: undefined };
  const kind = await askChoice(dialogue, 'What does the server ask for', ['nothing', 'token', 'password'], present);
  if (kind === 'nothing') return none;
  if (kind === 'token') {
    const token = await askSecret(dialogue, 'Token, from "stt-server worker add" there', set('STT_TOKEN'));
    return withoutKept({ ...none, STT_TOKEN: token.trim() }, token === '' ? 'STT_TOKEN' : undefined);
  }
  const username = await askSetting(dialogue, 'USERNAME', 'User name', isBasic ? set('USERNAME') : undefined);
  const password = await askSecret(dialogue, 'Password', set('PASSWORD'));
  const changes = { STT_TOKEN: undefined, AUTH_ENABLED: 'true', USERNAME: username, PASSWORD: password };
  return withoutKept(changes, password === '' ? 'PASSWORD' : undefined);
}

/** A secret that stays is not written again: it may stand elsewhere. */
function withoutKept(changes: EnvChanges, kept: string | undefined): EnvChanges {
  return Object.fromEntries(Object.entries(changes).filter(([name]) => name !== kept));
}

async function askHours(dialogue: Dialogue, set: Set): Promise<EnvChanges> {
  const present = set('CRON') === undefined ? 'always' : 'hours';
  const kind = await askChoice(dialogue, 'When does it work', ['always', 'hours'], present);
  if (kind === 'always') return { CRON: undefined, PROCESSING_HOURS: undefined };
  const cron = await askSetting(
    dialogue,
    'CRON',
    'When it begins (minute, hour, day of the month, month, day of the week)',
    set('CRON') ?? '0 22 * * *',
  );
  const hours = await askSetting(dialogue, 'PROCESSING_HOURS', 'For how many hours', set('PROCESSING_HOURS') ?? '8');
  return { CRON: cron, PROCESSING_HOURS: hours };
}

/** Until the answer is right. */
async function askSetting(
  dialogue: Dialogue,
  name: string,
  question: string,
  present: string | undefined,
): Promise<string> {
  const definition = workerSetting(name);
  const fallback = present ?? (typeof definition?.fallback === 'string' ? definition.fallback : '');
  const shown = fallback === '' ? '' : ` [${definition === undefined ? fallback : showable(definition, fallback)}]`;
  for (;;) {
    const answer = (await dialogue.ask(`${question}${shown}: `)) || fallback;
    const problem = answer === '' ? 'it is needed' : whyWrong(name, answer, furtherChecks);
    if (problem === undefined) return answer;
    dialogue.say(`  That will not do: ${problem}.`);
  }
}

/** @returns '' where the present one stays. */
async function askSecret(dialogue: Dialogue, question: string, present: string | undefined): Promise<string> {
  const shown = present === undefined ? '' : ' [keep the one that is set]';
  for (;;) {
    const answer = await dialogue.askSecret(`${question}${shown} (it is not shown): `);
    if (answer.trim() !== '') return answer;
    if (answer === '' && present !== undefined) return '';
    dialogue.say('  That will not do: it is needed.');
  }
}

/** The first letters will do. */
async function askChoice<const T extends string>(
  dialogue: Dialogue,
  question: string,
  choices: readonly T[],
  present: T,
): Promise<T> {
  for (;;) {
    const answer = (await dialogue.ask(`${question}: ${choices.join(', ')} [${present}]: `)).toLowerCase();
    const chosen = answer === '' ? present : choices.find((choice) => choice.startsWith(answer));
    if (chosen !== undefined) return chosen;
    dialogue.say(`  That is none of ${choices.join(', ')}.`);
  }
}
