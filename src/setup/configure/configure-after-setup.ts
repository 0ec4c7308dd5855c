/**
 * What a set-up writes into the settings of the worker: the model that it brought, where a worker would take another one; and on a
 * terminal the answers of the person.
 */
import { isGiven } from '../../config/load-settings.ts';
import { bundledModels } from '../../models/model-catalogue.ts';
import { applySettings } from './apply-settings.ts';
import { configureWorker, describeApplied } from './configure-worker.ts';
import { openDialogue } from './open-dialogue.ts';

export type AfterSetup = {
  /** Of the settings. */
  file: string;
  /** Undefined: none was brought. */
  model: { name: string; file: string; isOwn: boolean } | undefined;
  /** What STT_MODEL comes to now. */
  usualFile: string;
  /** Also where a worker is configured. */
  mustAsk: boolean;
  /** There is somebody to ask. */
  mayAsk: boolean;
  say: (line: string) => void;
  signal: AbortSignal;
};

export async function configureAfterSetup(after: AfterSetup): Promise<void> {
  const { file, mustAsk, mayAsk, say, signal } = after;
  const changes = modelChange(after);
  if (changes !== undefined) {
    for (const line of describeApplied(await applySettings(file, changes))) say(line);
  }
  if (!mustAsk && (!mayAsk || isGiven('SERVER_URL'))) return;
  using dialogue = openDialogue(signal);
  await configureWorker({ file, dialogue, signal });
}

/** The bundled model is for a try: nobody's worker should go on with it. */
function modelChange({ model, usualFile }: AfterSetup): Record<string, string> | undefined {
  if (model === undefined || bundledModels.some((name) => name === model.name)) return undefined;
  return model.file === usualFile ? undefined : { STT_MODEL: model.isOwn ? model.file : model.name };
}
