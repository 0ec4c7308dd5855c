/**
 * Reads `whisper/packages.json`: how to see that a need is there, and its package on each family of distributions. Data only; what
 * is done with it stands elsewhere.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { packageFolder } from '../../package-folder.ts';
import type { OperatingSystem } from '../detect/machine.ts';
import { needs } from './needs.ts';

/** Distributions that name their packages alike. */
export const families = ['fedora', 'rhel', 'debian', 'arch', 'suse', 'macos'] as const;
export type Family = (typeof families)[number];

/** All that is named must be so. Names may have `*` in them. */
const signSchema = z
  .strictObject({
    /** Starts and ends well. */
    command: z.string().optional(),
    /** A module that pkg-config knows. */
    pkgConfig: z.string().optional(),
    /** Below one of the include folders. */
    header: z.string().optional(),
    /** A word in that header: an old one is as good as none. */
    containing: z.string().optional(),
    /** In one of the library folders. */
    library: z.string().optional(),
    /** Below one of the cmake folders. */
    cmakeConfig: z.string().optional(),
    /** Full path. */
    file: z.string().optional(),
  })
  .refine((sign) => Object.keys(sign).length > 0);
export type Sign = z.infer<typeof signSchema>;

const offerSchema = z.strictObject({
  packages: z.array(z.string()).min(1),
  /** To be enabled first, in this order. */
  repositories: z.array(z.string()).default([]),
  /** Its repositories are enabled only where the person asks for it; where they are enabled already, it is taken. */
  isOptIn: z.boolean().default(false),
  /** More for the package manager. */
  flags: z.array(z.string()).default([]),
  /** A pattern over `ID VERSION`: `opensuse-leap 15.6`. */
  when: z.string().optional(),
});
export type Offer = z.infer<typeof offerSchema>;

/** The first offer that fits is taken; none: the person does what the hint says. */
const sourceSchema = z
  .union([
    z.array(z.string()).min(1),
    z.strictObject({ offers: z.array(offerSchema).min(1), hint: z.string().optional() }),
    z.strictObject({ byHand: z.string() }),
  ])
  .transform((source): { offers: Offer[]; hint: string | undefined } => {
    if (Array.isArray(source)) return { offers: [offerSchema.parse({ packages: source })], hint: undefined };
    return 'byHand' in source ? { offers: [], hint: source.byHand } : { offers: source.offers, hint: source.hint };
  });

const needSchema = z.strictObject({
  purpose: z.string(),
  /** Any one will do. */
  seenBy: z.array(signSchema).min(1),
  /** What a compiler misses without it; `vulkan/` is all below. */
  headers: z.array(z.string()).default([]),
  libraries: z.array(z.string()).default([]),
  packages: z.record(z.enum(families), sourceSchema),
});

const repositorySchema = z.strictObject({
  /** Any one will do; none: it is enabled each time, which does no harm. */
  enabledBy: z.array(signSchema),
  /** Words without blanks. `{version}`, `{major}`, `{cudaArch}` stand for this machine's. */
  commands: z.array(z.string()).min(1),
});

const tableSchema = z.strictObject({
  folders: z.strictObject({
    include: z.array(z.string()),
    library: z.array(z.string()),
    cmake: z.array(z.string()),
  }),
  repositories: z.record(z.string(), repositorySchema),
  /** Older compilers beside the machine's own; `{gcc}` is the major version. */
  hostCompilers: z.partialRecord(z.enum(families), z.strictObject({ package: z.string(), file: z.string() })),
  needs: z.record(z.enum(needs), needSchema),
});
export type PackageTable = z.infer<typeof tableSchema>;

let tableRead: PackageTable | undefined;

export function readPackageTable(): PackageTable {
  const file = path.join(packageFolder, 'whisper', 'packages.json');
  tableRead ??= tableSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  return tableRead;
}

/** By `ID` and `ID_LIKE`: undefined where nothing is known of its packages. */
export function familyOf(os: OperatingSystem | undefined): Family | undefined {
  if (os === undefined) return undefined;
  const names = [os.id, ...os.like];
  const isAny = (...ids: string[]): boolean => names.some((name) => ids.includes(name));
  if (isAny('macos')) return 'macos';
  // Says that it is like Fedora, and neither has EPEL nor RPM Fusion.
  if (isAny('amzn')) return undefined;
  // They say that they are like Fedora as well, so they are asked first.
  if (isAny('rhel', 'centos', 'ol')) return 'rhel';
  if (isAny('fedora')) return 'fedora';
  if (isAny('debian', 'ubuntu')) return 'debian';
  if (isAny('arch')) return 'arch';
  return names.some((name) => /^(open)?suse|^sles/u.test(name)) ? 'suse' : undefined;
}
