/** An ffmpeg at the front of PATH that is the machine's own, but stops before it decodes while a test holds it. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export type HeldFfmpeg = {
  /** For the environment of the worker. */
  searchPath: string;
  hold: () => void;
  letGo: () => void;
  /** Process ids of those that were held. */
  pids: () => number[];
};

export function heldFfmpeg(folder: string): HeldFfmpeg {
  mkdirSync(folder, { recursive: true });
  const ownPath = process.env['PATH'] ?? '';
  const real = ownPath
    .split(path.delimiter)
    .map((place) => path.join(place, 'ffmpeg'))
    .find((file) => existsSync(file));
  if (real === undefined) throw new Error('there is no ffmpeg to hold');
  const held = path.join(folder, 'held');
  const pids = path.join(folder, 'pids');
  writeFileSync(pids, '');
  const script = `#!/bin/sh
case "$*" in
  *" -progress "*) if [ -e '${held}' ]; then echo $$ >> '${pids}'; fi; while [ -e '${held}' ]; do sleep 0.05; done ;;
esac
exec '${real}' "$@"
`;
  writeFileSync(path.join(folder, 'ffmpeg'), script, { mode: 0o755 });
  return {
    searchPath: `${folder}${path.delimiter}${ownPath}`,
    hold: () => writeFileSync(held, ''),
    letGo: () => rmSync(held, { force: true }),
    pids: () => readFileSync(pids, 'utf8').split('\n').filter(Boolean).map(Number),
  };
}
