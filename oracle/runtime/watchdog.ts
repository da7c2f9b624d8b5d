/**
 * A thread beside the one that ONNX Runtime blocks. It ends the process, in the middle of a run if need be, when its
 * resident memory exceeds the limit of the job or when its parent is gone. Sampling in the process itself needs neither
 * /proc nor ps, so it works on every platform; an allocation can overshoot the limit by what is touched in one period.
 */
import { parentPort, workerData } from "node:worker_threads";
import { type ChildOptions, MEMORY_SIGNAL } from "./messages.ts";

const PERIOD_MS = 25;

const { parentPid } = workerData as ChildOptions;
let limitBytes = Number.POSITIVE_INFINITY;

parentPort?.on("message", (memoryLimitBytes: number) => {
  limitBytes = memoryLimitBytes;
});

setInterval(() => {
  if (process.ppid !== parentPid) process.kill(process.pid, "SIGKILL");
  if (process.memoryUsage.rss() > limitBytes) process.kill(process.pid, MEMORY_SIGNAL);
}, PERIOD_MS);
