/** What is asked of the files thread when a transcript is delivered, and what it answers. Shapes only. */

export type DeliveryRequest = {
  /** The recording, relative to the library, with `/`. */
  path: string;
  /** Of the recording when it was handed out. */
  fingerprint: string;
  /** SHA-256 of the recording in hex, where it is known for this fingerprint. */
  recordingSha256: string | undefined;
  /** The first one is the `.vtt`; it alone decides the outcome. Names are relative to the library. */
  files: { name: string; bytes: Uint8Array }[];
};

/** A disk that is full, read-only or broken is none of these: the call rejects with the system's error. */
export type Delivered =
  /** `same`: these bytes were there already; this server wrote them and was stopped before it could note so. */
  | {
      kind: 'created' | 'same';
      /** Names of other formats that were not written: something of somebody else lies there, or no file can be called so. */
      skipped?: readonly string[];
    }
  /** Somebody's own transcript lies there; it stays as it is. */
  | { kind: 'other' }
  /** The recording has other bytes than those that were handed out. */
  | { kind: 'changed'; fingerprint: string; sizeBytes: number }
  /** The recording is not there any more, or cannot be looked at. */
  | { kind: 'gone' | 'unreadable'; reason: string };
