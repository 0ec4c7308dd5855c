/** A catalogue of small files that play models. */
import { createHash } from 'node:crypto';
import type { CatalogueModel } from '../model-catalogue.ts';

export const mediumBytes = Buffer.from('medium '.repeat(30_000));
export const oldBytes = Buffer.from('old '.repeat(1000));

const digest = (algorithm: string, bytes: Uint8Array): string => createHash(algorithm).update(bytes).digest('hex');

const common = { kind: 'speech', purpose: 'for tests', languages: 'all', memoryBytes: 1, relativeSpeed: 1 } as const;

export const medium: CatalogueModel = {
  ...common,
  name: 'medium',
  file: 'ggml-medium.bin',
  sizeBytes: mediumBytes.length,
  sha256: digest('sha256', mediumBytes),
  url: 'http://127.0.0.1:1/ggml-medium.bin',
  bundled: undefined,
};

/** Known by its SHA-1 only. */
export const old: CatalogueModel = {
  ...common,
  name: 'old',
  file: 'ggml-old.bin',
  sizeBytes: oldBytes.length,
  sha1: digest('sha1', oldBytes),
  url: 'http://127.0.0.1:1/ggml-old.bin',
  bundled: undefined,
};

export const smallCatalogue = [medium, old];
