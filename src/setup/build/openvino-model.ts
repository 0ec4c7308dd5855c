/**
 * OpenVINO computes the encoder of a model from a pair of files beside it. They are converted from the original that OpenAI
 * published for PyTorch, not from the ggml model: only models that have such an original can be used. Names only. Pure.
 */
import path from 'node:path';
import { AppError } from '../../app-error.ts';
import { exitCodes } from '../../exit-codes.ts';

/** What whisper.cpp's conversion takes. */
const originals =
  'tiny tiny.en base base.en small small.en medium medium.en large-v1 large-v2 large-v3 large-v3-turbo'.split(' ');

/** `medium-q5_0` -> `medium`: quantisation is ggml's; undefined where there is no original. */
export function openvinoOriginal(model: string): string | undefined {
  const base = model.replace(/-q\d_[\dk]$/u, '');
  return originals.includes(base) ? base : undefined;
}

/** @throws AppError STT_OPENVINO_MODEL, exit code 78. */
export function refuseUnconvertible(model: string): string {
  const original = openvinoOriginal(model);
  if (original !== undefined) return original;
  throw new AppError(`The model ${model} cannot be used with OpenVINO: OpenAI has published no original of it.`, {
    code: 'STT_OPENVINO_MODEL',
    hint: `Use one of ${originals.join(', ')} (or a quantisation of it) with --model, or another --backend.`,
    exitCode: exitCodes.config,
  });
}

export type EncoderFiles = { xml: string; bin: string };

/** Where whisper.cpp looks for the encoder of a model: by the model's whole name, its quantisation included. */
export function encoderFiles(modelFile: string): EncoderFiles {
  const { dir, name } = path.parse(modelFile);
  const stem = path.join(dir, `${name}-encoder-openvino`);
  return { xml: `${stem}.xml`, bin: `${stem}.bin` };
}
