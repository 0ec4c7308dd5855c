/** What a set-up for OpenVINO does besides building: for `--dry-run`. Pure but for the pins it reads. */
import type { DataPaths } from '../../config/data-paths.ts';
import { commandLine } from '../../command-line.ts';
import { scriptArguments, sharedEncoder } from './provide-encoder.ts';
import { refuseUnconvertible } from './openvino-model.ts';
import { environmentCommands, environmentPython, pinnedOpenvino } from './openvino-python.ts';

/** @param model The one that comes with this set-up, if any. */
export function openvinoSteps(request: {
  paths: DataPaths;
  engineFolder: string;
  model: { name: string; file: string } | undefined;
}): string[] {
  const { paths, engineFolder, model } = request;
  const pinned = pinnedOpenvino();
  const unless = model === undefined ? 'one' : `OpenVINO ${pinned.split('.').slice(0, 2).join('.')} or newer`;
  return [
    model === undefined
      ? `# OpenVINO ${pinned} from PyPI, unless cmake finds ${unless} here:`
      : `# OpenVINO ${pinned} and what converts models, from PyPI (cmake is given this OpenVINO unless it finds ${unless}):`,
    ...environmentCommands(paths).map(commandLine),
    ...(model === undefined ? [] : conversionSteps(paths, engineFolder, model)),
  ];
}

function conversionSteps(paths: DataPaths, engineFolder: string, model: { name: string; file: string }): string[] {
  const script = `${engineFolder}/models/convert-whisper-to-openvino.py`;
  const { xml, bin } = sharedEncoder({ model: model.name, modelFile: model.file });
  return [
    commandLine([environmentPython(paths), ...scriptArguments(script, refuseUnconvertible(model.name))]),
    `# Encoder: ${xml}`,
    `#   and ${bin}`,
  ];
}
