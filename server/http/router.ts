/** Finds the handler for a method and a path. Pure. */

export type Route<Handler> = {
  method: 'GET' | 'POST';
  /** `:id` stands for one segment. */
  path: string;
  handle: Handler;
};

export type Match<Handler> =
  | { kind: 'found'; handle: Handler; id: string }
  | { kind: 'not_found' }
  /** `allow` lists the methods that this path has. */
  | { kind: 'method_not_allowed'; allow: string };

export function findRoute<Handler>(routes: readonly Route<Handler>[], method: string, path: string): Match<Handler> {
  const here = routes.flatMap((route) => {
    const id = idIn(route.path, path);
    return id === undefined ? [] : [{ route, id }];
  });
  if (here.length === 0) return { kind: 'not_found' };
  const found = here.find(({ route }) => route.method === method);
  if (found === undefined) {
    return { kind: 'method_not_allowed', allow: here.map(({ route }) => route.method).join(', ') };
  }
  return { kind: 'found', handle: found.route.handle, id: found.id };
}

/** @returns what stands for `:id` (empty where the pattern has none), or undefined where the path does not match. */
function idIn(pattern: string, path: string): string | undefined {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  let id = '';
  for (const [index, segment] of wanted.entries()) {
    const here = given[index] ?? '';
    if (segment === ':id') id = here;
    else if (segment !== here) return undefined;
  }
  return id;
}
