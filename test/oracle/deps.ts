/** What every part of the node is constructed with, for tests that look at none of it or only at the log. */
import { PrometheusMetrics } from "../../oracle/telemetry/metrics.ts";
import { recordingLogger } from "../recordingLogger.ts";

export function testDeps() {
  const { logger, lines } = recordingLogger();
  return { logger, lines, metrics: new PrometheusMetrics(), clock: new TestClock() };
}

/** Goes on only when a test says so. */
export class TestClock {
  #nowMs = 1_000_000;

  nowMs(): number {
    return this.#nowMs;
  }

  pass(milliseconds: number): void {
    this.#nowMs += milliseconds;
  }
}
