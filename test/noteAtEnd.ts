/** Prints a line at the end of the run, once: a worker, which knows of its own test files only, prints none. */
export function noteAtEnd(line: () => string): void {
  if (process.env.MOCHA_WORKER_ID === undefined) process.once("exit", () => console.log(line()));
}
