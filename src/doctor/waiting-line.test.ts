import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../../test/support/eventually.ts';
import { startWaitingLine } from './waiting-line.ts';

const run = suite('waiting line');

function output(isTTY: boolean): { isTTY: boolean; text: string; write: (text: string) => void } {
  const kept = { isTTY, text: '', write: (text: string): void => void (kept.text += text) };
  return kept;
}

run('says what takes its time, and goes away for what is printed', async () => {
  const [terminal, pipe, quiet] = [output(true), output(false), output(true)];
  using onTerminal = startWaitingLine(terminal);
  using inPipe = startWaitingLine(pipe);
  using idle = startWaitingLine(quiet);
  for (const line of [onTerminal, inPipe]) {
    line.running(['model', 'disk']);
    line.progress('model', 0.456);
  }
  idle.running([]);
  assert.is(terminal.text + pipe.text, '', 'what is quick is not worth a line');
  await eventually(() => terminal.text !== '' && pipe.text !== '', 'both say so');
  assert.is(terminal.text, '\r\u001B[K… model 45 %, disk (2 s)');
  assert.is(pipe.text, '… model 45 %, disk (2 s)\n');
  assert.is(quiet.text, '');
  onTerminal.clear();
  assert.ok(terminal.text.endsWith('\r\u001B[K'));
  const { length } = terminal.text;
  onTerminal.clear();
  assert.is(terminal.text.length, length, 'there is nothing to take away');
});

run.run();
