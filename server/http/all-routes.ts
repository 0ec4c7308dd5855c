/** Every call that the server answers, in one table, and the page that describes them. */
import type { Metrics } from '../metrics/metrics.ts';
import { type ApiOptions, apiRoutes } from './api-routes.ts';
import { metricsRoute } from './metrics-route.ts';
import { openApiRoute } from './openapi.ts';
import type { Route } from './route.ts';
import { makeRoutes, type RoutesOptions } from './routes.ts';

export type AllRoutesOptions = RoutesOptions & ApiOptions & { metrics: Metrics };

export function allRoutes(options: AllRoutesOptions): Route[] {
  const routes = [...makeRoutes(options), ...apiRoutes(options), metricsRoute(options.metrics)];
  return [...routes, openApiRoute(routes)];
}
