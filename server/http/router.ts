/** Finds the route for a method and a path, compared as they were written. Pure. */
import type { Route } from './route.ts';

export type Match =
  | { kind: 'found'; route: Route; id: string }
  | { kind: 'not_found' }
  /** `allow` lists the methods that this path has. */
  | { kind: 'method_not_allowed'; route: Route; allow: string };

/** All routes of one path, by method. */
type Place = { byMethod: Map<string, Route>; first: Route; allow: string };
type Pattern = { before: string; after: string; place: Place };

const notFound: Match = { kind: 'not_found' };

export class Router {
  readonly #fixed = new Map<string, Place>();
  readonly #patterns: Pattern[] = [];

  constructor(routes: readonly Route[]) {
    for (const [path, here] of Map.groupBy(routes, (route) => route.path)) {
      // A group has at least what made it.
      const place = placeOf(here as [Route, ...Route[]]);
      const [before, after] = path.split(/:[a-z]+/iu);
      if (after === undefined) this.#fixed.set(path, place);
      else this.#patterns.push({ before: before ?? '', after, place });
    }
  }

  find(method: string, path: string): Match {
    const place = this.#fixed.get(path);
    if (place !== undefined) return matchAt(place, method, '');
    for (const { before, after, place } of this.#patterns) {
      if (!path.startsWith(before) || !path.endsWith(after)) continue;
      const id = path.slice(before.length, path.length - after.length);
      if (id !== '' && path.length > before.length + after.length && !id.includes('/'))
        return matchAt(place, method, id);
    }
    return notFound;
  }
}

function placeOf(routes: readonly [Route, ...Route[]]): Place {
  const byMethod = new Map<string, Route>();
  for (const route of routes) {
    byMethod.set(route.method, route);
    if (route.takesHead === true) byMethod.set('HEAD', route);
  }
  return { byMethod, first: routes[0], allow: [...byMethod.keys()].join(', ') };
}

function matchAt({ byMethod, first, allow }: Place, method: string, id: string): Match {
  const route = byMethod.get(method);
  return route === undefined ? { kind: 'method_not_allowed', route: first, allow } : { kind: 'found', route, id };
}
