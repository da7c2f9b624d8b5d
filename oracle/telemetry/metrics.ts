/** Metrics in a Prometheus registry. */
import * as prometheus from "@prometheus-io/client";
import type { Counter, Gauge, Histogram, MetricOptions, Metrics } from "../roles/ports.ts";

const PREFIX = "assay_";

export class PrometheusMetrics implements Metrics {
  readonly #registry = new prometheus.Registry();

  counter(options: MetricOptions): Counter {
    const counter = new prometheus.Counter(this.#configuration(options));
    return { inc: (labels = {}, value = 1) => counter.inc({ ...labels }, value) };
  }

  gauge(options: MetricOptions): Gauge {
    const gauge = new prometheus.Gauge(this.#configuration(options));
    return { set: (value, labels = {}) => gauge.set({ ...labels }, value) };
  }

  histogram(options: MetricOptions & { readonly buckets: readonly number[] }): Histogram {
    const histogram = new prometheus.Histogram({ ...this.#configuration(options), buckets: [...options.buckets] });
    return { observe: (value, labels = {}) => histogram.observe({ ...labels }, value) };
  }

  /** Memory, event loop lag and the like of this process, under their usual names. */
  collectProcessMetrics(): void {
    prometheus.collectDefaultMetrics({ register: this.#registry });
  }

  /** In Prometheus's text format. */
  async text(): Promise<{ readonly contentType: string; readonly body: string }> {
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() };
  }

  #configuration({ name, help, labels = [] }: MetricOptions) {
    return { name: `${PREFIX}${name}`, help, labelNames: [...labels], registers: [this.#registry] };
  }
}
