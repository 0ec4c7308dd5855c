/** A program on a terminal of its own (a pseudo-terminal, by Python), with somebody who reads and types. */
import { python } from '../../../../test/support/python.ts';
import { runChild } from '../../../run-child.ts';

/** Types `send` once `wait` stands on the screen, after what was waited for before. */
export type Step = { wait: string; send: string };

export type TerminalEnd = {
  /** All that ever came onto the screen: of the program, and echoed by the terminal. */
  screen: string;
  exitCode: number;
};

const driver = `
import fcntl, json, os, pty, select, struct, sys, termios, time
plan = json.loads(sys.argv[1])
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(plan['command'][0], plan['command'])
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 80, 0, 0))
screen, seen, deadline = b'', 0, time.time() + 20
def more():
    global screen
    ready, _, _ = select.select([terminal], [], [], max(0, deadline - time.time()))
    try:
        data = os.read(terminal, 65536) if ready else b''
    except OSError:
        data = b''
    screen += data
    return data != b''
for step in plan['steps']:
    wait = step['wait'].encode()
    while wait not in screen[seen:] and more():
        pass
    if wait not in screen[seen:]:
        break
    seen = screen.index(wait, seen) + len(wait)
    os.write(terminal, step['send'].encode())
while more():
    pass
if time.time() >= deadline:
    os.kill(pid, 9)
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
print(json.dumps({'screen': screen.decode(), 'exitCode': status}))
`;

export async function onTerminal(
  args: readonly string[],
  steps: readonly Step[],
  { cwd, env }: { cwd: string; env: Record<string, string> },
): Promise<TerminalEnd> {
  const plan = { command: [process.execPath, ...args], steps };
  const end = await runChild({
    file: python,
    args: ['-c', driver, JSON.stringify(plan)],
    cwd,
    env: { TERM: 'xterm', ...env },
    timeoutMs: 40_000,
    stdoutLimitBytes: 1_000_000,
  });
  if (end.exitCode !== 0) throw new Error(`the terminal failed: ${end.outputTail}`);
  return JSON.parse(end.stdout) as TerminalEnd;
}
