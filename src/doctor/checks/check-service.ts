/** Whether systemd runs the worker, for the machine or for this user: what it is asked, and what its answers mean. */
import { AppError } from '../../app-error.ts';
import { exitCodes } from '../../exit-codes.ts';
import { printable } from '../../printable.ts';
import { runChild } from '../../run-child.ts';
import { type Checked, fail, ok, skipped, warn } from '../finding.ts';

export const workerUnit = 'stt-worker';

export type Unit = {
  scope: 'system' | 'user';
  /** `loaded`, `not-found`, `masked`, `bad-setting`. */
  load: string;
  /** `active`, `inactive`, `failed`, `activating`. */
  active: string;
  /** `running`, `dead`, `auto-restart`. */
  sub: string;
  /** `enabled`, `disabled`; empty where there is no unit. */
  file: string;
  /** `success`, `exit-code`. */
  result: string;
};

const scopes = { system: [], user: ['--user'] } as const;
const properties = ['LoadState', 'ActiveState', 'SubState', 'UnitFileState', 'Result'];

export async function checkService(signal: AbortSignal): Promise<Checked> {
  const units = await Promise.all([askSystemd('system', signal), askSystemd('user', signal)]);
  return judgeUnits(units.filter((unit) => unit !== undefined));
}

/** @returns undefined where systemd does not run, or is not there. */
async function askSystemd(scope: Unit['scope'], signal: AbortSignal): Promise<Unit | undefined> {
  try {
    const end = await runChild({
      file: 'systemctl',
      args: [...scopes[scope], 'show', workerUnit, `--property=${properties.join(',')}`],
      signal,
      timeoutMs: 10_000,
      stdoutLimitBytes: 10_000,
    });
    signal.throwIfAborted();
    return end.exitCode === 0 ? parseUnit(scope, end.stdout) : undefined;
  } catch (error) {
    if (error instanceof AppError && error.code === 'STT_TOOL_MISSING') return undefined;
    throw error;
  }
}

export function parseUnit(scope: Unit['scope'], shown: string): Unit {
  const lines = shown.split('\n').map((line): [string, string] => {
    const [name = '', ...value] = line.split('=');
    return [name, printable(value.join('='))];
  });
  const of = new Map(lines);
  const [load = '', active = '', sub = '', file = '', result = ''] = properties.map((name) => of.get(name) ?? '');
  return { scope, load, active, sub, file, result };
}

export function judgeUnits(units: readonly Unit[]): Checked {
  if (units.length === 0) return skipped('systemd does not run here');
  const there = units.filter(({ load }) => load !== 'not-found' && load !== '');
  if (there.length === 0)
    return ok('the worker is started by hand; "stt install-service" makes it a service', undefined);
  const verdicts = there.map(judgeUnit);
  return (
    verdicts.find(({ status }) => status === 'fail') ??
    verdicts.find(({ status }) => status === 'ok') ??
    verdicts[0] ??
    skipped('systemd says nothing')
  );
}

function judgeUnit({ scope, load, active, sub, file, result }: Unit): Checked {
  const of = scope === 'user' ? '--user ' : '';
  const sudo = scope === 'user' ? '' : 'sudo ';
  const scopeFlag = scope === 'user' ? ' --user' : ' --system';
  const found = `${workerUnit}${scope === 'user' ? ' (user)' : ''} is ${active}${sub === '' ? '' : ` (${sub})`}, ${file === '' ? load : file}`;
  const failed = (fix: string): Checked => fail(found, fix, 'STT_SERVICE', exitCodes.unavailable);
  if (load !== 'loaded' && load !== 'masked')
    return failed(`See what is wrong with the unit: systemctl ${of}status ${workerUnit}`);
  if (active === 'failed' || sub === 'auto-restart') {
    return failed(
      `See why (${result}): ${sudo}stt service logs${scopeFlag} -n 50; then ${sudo}stt service restart${scopeFlag}`,
    );
  }
  if (load === 'masked') return warn(found, `${sudo}systemctl ${of}unmask ${workerUnit}`, undefined);
  const isOn = active === 'active' || active === 'activating' || active === 'reloading';
  if (!isOn) return warn(found, `${sudo}systemctl ${of}enable --now ${workerUnit}`, undefined);
  if (file === 'disabled') {
    return warn(
      `${found}: it will not start with the machine`,
      `${sudo}systemctl ${of}enable ${workerUnit}`,
      undefined,
    );
  }
  return ok(found, undefined);
}
