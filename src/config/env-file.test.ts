import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AppError } from '../app-error.ts';
import { changeEnvText, parseEnvText } from './env-file.ts';

const envFile = suite('env file');

const difficult = [
  `it's`,
  `say "hello"`,
  'tick ` tick',
  `both ' and "`,
  'a # b',
  '#begins',
  '  blanks around  ',
  'two\nlines',
  'ends with a line\n',
  'windows\r\nlines',
  '$HOME ${HOME} $(id)',
  'back\\slash',
  'ends with \\',
  'literal \\n and \\r',
  String.raw`all ' " three` + '` kinds',
  'Grüße 🎧 \u2028 \uFEFF',
  `"quoted"`,
  `'quoted'`,
  'a=b',
  'export X=1',
  '',
];

envFile('writes what dotenv gives back exactly', () => {
  for (const value of difficult) {
    const text = changeEnvText('BEFORE=1\nAFTER="2" # two\n', { PASSWORD: value });
    assert.equal({ ...parseEnvText(text) }, { BEFORE: '1', AFTER: '2', PASSWORD: value }, text);
    assert.is(changeEnvText(text, { PASSWORD: value }), text);
    assert.is(changeEnvText(text, { PASSWORD: undefined }), 'BEFORE=1\nAFTER="2" # two\n');
  }
});

/** What people, and dotenv, have in such files. */
const strayLine = fc.constantFrom(
  '',
  '# a comment',
  `# it's "one" with \`quotes'`,
  '   ',
  'no setting at all',
  'FOO=bar # why',
  'export BAZ="a # b"',
  `QUX='two`,
  `lines'`,
  'YAML: value',
  'SPACED =  x y  ',
  'FOO=again',
  'EMPTY=',
  '#SERVER_URL=http://server:8000',
);
const eol = fc.constantFrom('\n', '\r\n');
const anyText = fc.tuple(fc.array(strayLine, { maxLength: 8 }), eol).map(([lines, end]) => lines.join(end));
const anyValue = fc.oneof(
  fc.constantFrom(...difficult),
  fc
    .array(fc.constantFrom(`'`, `"`, '`', '\\', ' ', '\n', '\r', '\t', '#', '$', '=', 'a', 'n', 'r', '🎧', '\u2028'), {
      maxLength: 8,
    })
    .map((parts) => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 20 }),
);
const anyName = fc.constantFrom('PASSWORD', 'SERVER_URL', 'FOO', 'QUX', 'EMPTY');

/** Undefined where it is refused. */
function change(text: string, changes: Record<string, string | undefined>): string | undefined {
  try {
    return changeEnvText(text, changes);
  } catch (error) {
    assert.instance(error, AppError);
    assert.is((error as AppError).exitCode, 65);
    return undefined;
  }
}

envFile('property: what is set is read back, and nothing else changes, whatever the file and the value', () => {
  fc.assert(
    fc.property(anyText, anyName, anyValue, (text, name, value) => {
      const before = parseEnvText(text);
      const changed = change(text, { [name]: value });
      // In a file of its own nearly everything can be written.
      if (change('', { [name]: value }) === undefined) assert.match(value, /['"`]|\0|\r/u);
      if (changed === undefined) return;
      assert.equal({ ...parseEnvText(changed) }, { ...before, [name]: value });
      // Every other line is there still; what lies between the quotes of QUX goes with it.
      const own = (line: string): boolean => line.includes(name) || name === 'QUX';
      const kept = changed.split(/\r?\n/u);
      for (const line of text.split(/\r?\n/u).filter((line) => !own(line))) assert.ok(kept.includes(line), line);
      const removed = change(changed, { [name]: undefined });
      if (removed === undefined) return;
      const { [name]: _, ...others } = before;
      assert.equal({ ...parseEnvText(removed) }, others);
    }),
    { numRuns: 1000 },
  );
});

envFile('keeps comments, order, export and line ends', () => {
  const text =
    '\uFEFF# mine\r\nexport SERVER_URL=http://a # the first\r\n\r\nFOO: x\r\nPASSWORD = "old" # of the proxy\r\n#NODE_NAME=gaming-pc\r\n# end';
  assert.is(
    changeEnvText(text, { SERVER_URL: 'http://b', PASSWORD: 'a b', NODE_NAME: 'n', CRON: '0 22 * * *' }),
    `\uFEFF# mine\r\nexport SERVER_URL=http://b # the first\r\n\r\nFOO: x\r\nPASSWORD = 'a b' # of the proxy\r\n#NODE_NAME=gaming-pc\r\nNODE_NAME=n\r\n# end\r\nCRON='0 22 * * *'\r\n`,
  );
  assert.is(
    changeEnvText(text, { SERVER_URL: undefined, PASSWORD: undefined }),
    '\uFEFF# mine\r\n\r\nFOO: x\r\n#NODE_NAME=gaming-pc\r\n# end',
  );
});

envFile('of a name that stands there twice the last is set, and the others go', () => {
  const text = 'A=1\n# one\nA=2\nB=3\nA=4\n';
  assert.is(changeEnvText(text, { A: '5' }), '# one\nB=3\nA=5\n');
  assert.is(changeEnvText(text, { A: '4' }), text);
  assert.is(changeEnvText(text, { A: undefined }), '# one\nB=3\n');
});

envFile('an example inside of a value of several lines is none', () => {
  const text = `NOTE='one\n#CRON=x\ntwo'\n`;
  assert.is(changeEnvText(text, { CRON: 'y' }), `${text}CRON=y\n`);
});

envFile('refuses what cannot be written, and never shows it', () => {
  for (const value of ['a\0b', 'half \ud83c', `'hush" \`#\n`]) {
    try {
      changeEnvText('FOO=1\n', { PASSWORD: value });
      assert.unreachable(JSON.stringify(value));
    } catch (error) {
      assert.is((error as AppError).code, 'STT_ENV_VALUE');
      assert.match((error as AppError).message, /^The value of PASSWORD cannot be written/u);
      assert.not.match((error as AppError).message, /hush|half \ud83c/u);
    }
  }
});

envFile('refuses to change a text where another setting would change with it', () => {
  // To dotenv a line separator begins a line; to an editor, and to us, it does not.
  const text = 'A=1 # one\u2028B=2\n';
  assert.equal({ ...parseEnvText(text) }, { A: '1', B: '2' });
  assert.throws(() => changeEnvText(text, { A: undefined }), /^A cannot be changed in this settings file without/u);
  assert.equal({ ...parseEnvText(changeEnvText(text, { A: '3' })) }, { A: '3', B: '2' });
});

envFile.run();
