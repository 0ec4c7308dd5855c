/**
 * What every store of tasks must do, whatever it is made of: fixed cases, and random commands of several actors against a model.
 * `conformance('tasks in SQLite', open)` in the store's own test file.
 */
import { suite } from 'uvu';
import { catalogueCases } from './testing/catalogue-cases.ts';
import type { OpenConforming } from './testing/conforming-store.ts';
import { deskCases } from './testing/desk-cases.ts';
import { leaseCases } from './testing/lease-cases.ts';
import { randomCases } from './testing/random-cases.ts';

export function conformance(name: string, open: OpenConforming, random: { runs: number }): void {
  const run = suite(name);
  leaseCases(run, open);
  catalogueCases(run, open);
  deskCases(run, open);
  randomCases(run, open, random);
  run.run();
}
