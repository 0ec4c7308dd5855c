/** The Python that the machine's packages belong to; a version manager's first on PATH would not see them. */
import { existsSync } from 'node:fs';

export const python = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';
