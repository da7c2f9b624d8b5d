// npm run demo: the whole system once, on a chain of its own, told step by step. Exit code 0 when the story came to its
// end, 1 when something failed, 130 when it was interrupted. Whatever happens, nothing is left running.
import { tell } from "./demo/chapters.ts";
import type { Running } from "./demo/scene.ts";
import { formatSeconds, Story } from "./demo/story.ts";

const LOG_LINES = 20;
const EXIT = { failed: 1, interrupted: 130 };

class Interrupted extends Error {}

/** Rejects when the demo is told to stop, or nobody reads it any more. */
function interruption(): Promise<never> {
  return new Promise((_, reject) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.on(signal, () => reject(new Interrupted(`stopped by ${signal}`)));
    }
    process.stdout.on("error", () => reject(new Interrupted("the output was closed")));
  });
}

function explain(error: Error, { node }: Running): void {
  console.error(`\nerror: ${error.message}`);
  if (error instanceof Interrupted || node === undefined) return;
  const log = `${node.stdout}${node.stderr}`.trimEnd().split("\n").slice(-LOG_LINES);
  console.error(`\nThe end of the operator's log:\n${log.join("\n")}`);
}

async function run(): Promise<number> {
  const story = new Story();
  const running: Running = {};
  try {
    await Promise.race([tell(story, running), interruption()]);
  } catch (error) {
    explain(error as Error, running);
    return error instanceof Interrupted ? EXIT.interrupted : EXIT.failed;
  } finally {
    await running.liar?.stop();
    await running.workspace?.remove();
    await running.chain?.close();
  }
  console.log(`\nDone in ${formatSeconds(story.elapsedMs)}. Nothing is left running.`);
  return 0;
}

// What an interrupted story still waits for does not hold the process up.
process.exit(await run());
