/** `npm run generate`: writes what is made from the settings table. A test fails where it was forgotten. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { packageFolder } from '../package-folder.ts';
import { envExample, renewReadme } from './settings-documents.ts';

const readme = path.join(packageFolder, 'README.md');
writeFileSync(readme, renewReadme(readFileSync(readme, 'utf8')));
writeFileSync(path.join(packageFolder, '.env.example'), envExample());
