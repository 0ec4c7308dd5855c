import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { describeDiagnosis, describeFinding, type Paint } from './describe-finding.ts';
import type { Finding } from './finding.ts';

const run = suite('describe finding');

const plain: Paint = (_, text) => text;
const tagged: Paint = (colour, text) => `<${colour}>${text}</>`;
const finding = (more: Partial<Finding>): Finding => ({
  check: 'disk',
  status: 'ok',
  found: 'fine',
  seconds: 0,
  ...more,
});

run('aligns what was found, and sets what to do below it', () => {
  assert.equal(describeFinding(finding({}), plain), ['✓ disk         fine']);
  const failed = finding({
    check: 'credentials',
    status: 'fail',
    found: 'refused\n    by the server',
    fix: 'make a token\nor none',
    code: 'STT_CREDENTIALS',
    seconds: 2.345,
  });
  assert.equal(describeFinding(failed, plain), [
    '✗ credentials  refused (2.3 s) [STT_CREDENTIALS]',
    '               by the server',
    '               → make a token',
    '               → or none',
  ]);
  assert.match(describeFinding(failed, tagged)[0] ?? '', /^<red>✗<\/> credentials  refused/u);
  assert.equal(describeFinding(finding({ status: 'skipped' }), tagged), ['<dim>–</> disk         <dim>fine</>']);
});

run('lets no other program steer the terminal', () => {
  const [line = ''] = describeFinding(finding({ found: 'the server says \u001B[2J\u0007hello' }), plain);
  assert.is(line, '✓ disk         the server says [2J hello');
});

run('sums up', () => {
  const [good, warned, failed] = [finding({}), finding({ status: 'warn' }), finding({ status: 'fail' })];
  assert.is(describeDiagnosis([good], 1, plain), 'Nothing is in the way of "stt run"; 1 check in 1.0 s');
  assert.is(
    describeDiagnosis([good, warned, failed, failed, finding({ status: 'skipped' })], 2, plain),
    '2 problems in the way of "stt run", 1 warning, 1 skipped; 5 checks in 2.0 s',
  );
});

run.run();
