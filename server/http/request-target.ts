/** Takes a request target apart, as it stands: nothing is decoded, joined or climbed, so nothing can be disguised. Pure. */

export type RequestTarget = { path: string; query: string };

/** @param target origin form (`/task?wait=60`), or absolute form as a proxy may send it (`http://host/task`). */
export function readTarget(target: string): RequestTarget {
  const start = target.startsWith('/') ? 0 : startOfPath(target);
  const mark = target.indexOf('?', start);
  if (mark === -1) return { path: start === 0 ? target : target.slice(start) || '/', query: '' };
  return { path: target.slice(start, mark) || '/', query: target.slice(mark + 1) };
}

function startOfPath(target: string): number {
  const scheme = /^https?:\/\//iu.exec(target)?.[0];
  if (scheme === undefined) return 0;
  const end = target.slice(scheme.length).search(/[/?]/u);
  return end === -1 ? target.length : scheme.length + end;
}
