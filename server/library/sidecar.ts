/**
 * Reads the language of a recording from its sidecar, `NAME.json`. The file is hostile: it may be huge, a pipe, or no JSON at all.
 * It does not decide what happens to a recording without a language. Files are read at once, so only the thread of the scan may do it.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { z } from 'zod';
import { messageOf, systemErrorCode } from '../../src/app-error.ts';
import { languageOrAuto } from '../../src/protocol/languages.ts';

export type Sidecar =
  | { kind: 'language'; language: string }
  /** There is no sidecar, or it says nothing about the language. */
  | { kind: 'silent' }
  | { kind: 'bad'; reason: string };

const longestSidecarBytes = 1024 * 1024;

const sidecarSchema = z.object({
  sql_params: z.object({ language: z.string().nullish() }).nullish(),
  // Where an old version of the ancestor wrote it.
  language: z.string().nullish(),
});

export function parseSidecar(text: string): Sidecar {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { kind: 'bad', reason: 'it is not JSON' };
  }
  const parsed = sidecarSchema.safeParse(json);
  if (!parsed.success) return { kind: 'bad', reason: 'sql_params.language is not a text like "en"' };
  const written = parsed.data.sql_params?.language ?? parsed.data.language ?? '';
  if (written.trim() === '') return { kind: 'silent' };
  try {
    return { kind: 'language', language: languageOrAuto(written.slice(0, 40)) };
  } catch (error) {
    return { kind: 'bad', reason: messageOf(error) };
  }
}

export function readSidecar(file: string): Sidecar {
  let descriptor: number | undefined;
  try {
    // O_NONBLOCK: opening a pipe must not wait for its writer.
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) return { kind: 'bad', reason: 'it is not a regular file' };
    if (stat.size > longestSidecarBytes) return { kind: 'bad', reason: 'it is larger than 1 MiB' };
    const bytes = Buffer.allocUnsafe(stat.size);
    const read = readSync(descriptor, bytes, 0, stat.size, 0);
    return parseSidecar(decoder.decode(bytes.subarray(0, read)));
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return { kind: 'silent' };
    if (systemErrorCode(error) === 'ELOOP') return { kind: 'bad', reason: 'it is a symbolic link' };
    // A socket, a device without a driver.
    if (systemErrorCode(error) === 'ENXIO') return { kind: 'bad', reason: 'it is not a regular file' };
    return { kind: 'bad', reason: messageOf(error) };
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

const decoder = new TextDecoder();
