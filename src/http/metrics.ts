import { collectDefaultMetrics, Counter, Gauge, Histogram, type Registry } from 'prom-client';

export interface HttpMetrics {
  readonly registry: Registry;
  /** @param seconds from the first byte of the request to the last header of the answer */
  observe(method: string, route: string, status: number, seconds: number): void;
}

interface MetricSources {
  readonly feedReaders: () => number;
}

/** What the HTTP layer counts, besides what the process tells of itself. */
export function createHttpMetrics(registry: Registry, { feedReaders }: MetricSources): HttpMetrics {
  collectDefaultMetrics({ register: registry });
  const duration = new Histogram({
    name: 'annals_http_request_duration_seconds',
    help: 'Time until an HTTP answer began, by route and status',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [registry],
  });
  new Gauge({
    name: 'annals_feed_readers',
    help: 'Open server-sent event streams and WebSocket subscriptions',
    registers: [registry],
    collect() {
      this.set(feedReaders());
    },
  });
  return {
    registry,
    observe: (method, route, status, seconds) => duration.observe({ method, route, status }, seconds),
  };
}

/** Counts things that end in different ways, such as calls by status. */
export function createCounter(registry: Registry, name: string, help: string, label: string): (value: string) => void {
  const counter = new Counter({ name, help, labelNames: [label], registers: [registry] });
  return (value) => counter.inc({ [label]: value });
}
