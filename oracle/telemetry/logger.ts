/** Logs as JSON lines, one event each, with secrets taken out. */
import { type DestinationStream, type Logger, pino } from "pino";
import { redactEndpoint, redactUrl } from "./redact.ts";

export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Names under which a secret could come along in a logged object, at the top and one level below. */
const SECRETS = ["password", "privateKey", "mnemonic", "authorization"];

/** @param destination the standard output unless given */
export function createLogger(level: LogLevel, destination?: DestinationStream): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`]), censor: "[redacted]" },
      serializers: { error: pino.stdSerializers.err, uri: redactUrl, rpcUrl: redactEndpoint },
    },
    destination ?? pino.destination({ fd: 1, sync: true }),
  );
}
