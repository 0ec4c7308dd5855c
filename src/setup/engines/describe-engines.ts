/** Engines in lines for people: the list, and what `--use` and `--adopt` did. Pure. */
import { tableLines } from '../../print-table.ts';
import type { AdoptedEngine } from './adopt-engine.ts';
import { describeSource } from './engine-record.ts';
import type { Engine } from './engine-store.ts';
import type { ListedEngine } from './list-engines.ts';
import type { SwitchedEngine } from './switch-engine.ts';

const headings = ['', 'NAME', 'BACKEND', 'VERSION', 'VARIANT', 'STATE', 'DEVICE', 'SPEED'];

/** @param isForPeople else columns with tabs between. */
export function describeEngines(engines: readonly ListedEngine[], isForPeople: boolean): string[] {
  if (engines.length === 0 && isForPeople) return ['There is no engine yet. Make one with "stt setup".'];
  const rows = engines.map(({ isInUse, name, backend, version, variant, state, device, speed }) => [
    isInUse ? '*' : '',
    name,
    backend ?? '',
    version ?? '',
    variant ?? '',
    state,
    device ?? '',
    speed === undefined ? '' : `${speed.toFixed(1)}x`,
  ]);
  return tableLines(headings, rows, isForPeople);
}

export function describeSwitched({ engine, wasInUse }: SwitchedEngine): string[] {
  return [`${wasInUse ? 'In use already' : 'In use now'}: ${describeEngine(engine)}`, ...restart(wasInUse)];
}

const adoptions = {
  copied: 'It was copied; what you gave may go.',
  linked: 'It stays where it is: upgrades of it take effect.',
  moved: 'It was moved among the engines.',
};

export function describeAdopted({ engine, adoption }: AdoptedEngine): string[] {
  return [`In use now: ${describeEngine(engine)}`, adoptions[adoption], ...restart(false)];
}

function describeEngine({ record, folder }: Engine): string {
  const { backend, source, proof } = record;
  const name = folder.replace(/^.*[\\/]/u, '');
  return `${name}: ${describeSource(source)}, ${backend}${proof === undefined ? '' : `, on ${proof.device}`}`;
}

const restart = (isSame: boolean): string[] =>
  isSame ? [] : ['A worker that is running goes on with the engine it had until it is started anew.'];
