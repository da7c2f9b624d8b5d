// A logger for tests that keeps what it is told.
import { createLogger } from "../oracle/telemetry/logger.ts";

interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** A logger at debug level and the lines that it has written. */
export function recordingLogger() {
  const lines: LogLine[] = [];
  const logger = createLogger("debug", { write: (line) => lines.push(JSON.parse(line)) });
  return { logger, lines };
}
