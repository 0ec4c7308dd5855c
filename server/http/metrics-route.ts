/** `GET /metrics`, for Prometheus. It shows what `Metrics` renders and decides nothing. */
import type { Metrics } from '../metrics/metrics.ts';
import { sendText } from './replies.ts';
import type { Route } from './route.ts';

export function metricsRoute(metrics: Pick<Metrics, 'render'>): Route {
  return {
    method: 'GET',
    path: '/metrics',
    role: 'metrics',
    takesHead: true,
    operationId: 'getMetrics',
    summary: 'Figures for Prometheus',
    answers: [
      { status: 200, meaning: 'The text format of Prometheus, version 0.0.4.', body: { contentType: 'text/plain' } },
    ],
    async handle(exchange) {
      const { contentType, text } = await metrics.render();
      sendText(exchange, contentType, text);
    },
  };
}
