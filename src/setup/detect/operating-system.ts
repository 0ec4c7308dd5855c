/** Which system this is, from `/etc/os-release` and what Node.js says. Pure. */
import { printable } from '../../printable.ts';
import type { OperatingSystem } from './machine.ts';

/**
 * @param osRelease the text of os-release; undefined where there is none.
 * @param release the version where os-release does not tell it: macOS and Windows.
 */
export function readOperatingSystem(
  osRelease: string | undefined,
  platform: string,
  release: { version: string; name: string } = { version: '', name: '' },
): OperatingSystem {
  const version = printable(release.version);
  if (platform === 'darwin')
    return { platform, id: 'macos', like: [], version, name: version === '' ? 'macOS' : `macOS ${version}` };
  if (platform === 'win32')
    return { platform, id: 'windows', like: [], version, name: printable(release.name) || 'Windows' };
  const values = readAssignments(osRelease ?? '');
  const id = values.get('ID')?.toLowerCase() ?? '';
  return {
    platform: 'linux',
    id: id === '' ? 'linux' : id,
    like: (values.get('ID_LIKE') ?? '').toLowerCase().split(' ').filter(Boolean),
    version: values.get('VERSION_ID') ?? '',
    name: values.get('PRETTY_NAME') || values.get('NAME') || 'Linux',
  };
}

/** Lines of shell: `ID=fedora`, `NAME="Fedora Linux"`. */
function readAssignments(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const found = /^\s*(?<name>[A-Z][A-Z0-9_]*)=(?<value>.*)$/u.exec(line)?.groups;
    if (found?.['name'] !== undefined) values.set(found['name'], printable(withoutQuotes(found['value'] ?? '')));
  }
  return values;
}

function withoutQuotes(value: string): string {
  const quoted = /^(?<quote>["'])(?<inner>.*)\k<quote>$/u.exec(value.trim())?.groups?.['inner'];
  return (quoted ?? value).replaceAll(/\\(?<character>["'\\$`])/gu, '$<character>');
}
