// npm run check:gas: the gas figures of today against the committed ones; npm run gas accepts today's.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The benches whose figures are gas: `snapshots/NAME.json` is what each has printed. */
const BENCHES = ["contracts", "vm"];

/** One line per figure that moved, appeared or vanished. Gas is deterministic, so nothing is tolerated. */
export function differences(committed: Record<string, number>, today: Record<string, number>): string[] {
  const names = [...new Set([...Object.keys(committed), ...Object.keys(today)])];
  return names.flatMap((name) => {
    const [before, after] = [committed[name], today[name]];
    if (before === after) return [];
    if (before === undefined || after === undefined) return [`${name}: ${before ?? "absent"} -> ${after ?? "absent"}`];
    return [`${name}: ${before} -> ${after} (${after > before ? "+" : ""}${after - before})`];
  });
}

if (import.meta.main) {
  const folder = mkdtempSync(join(tmpdir(), "assay-gas-"));
  const found = BENCHES.flatMap((name) => {
    const file = join(folder, `${name}.json`);
    const { status } = spawnSync("npm", ["run", "-s", "bench", "--", name, "--json", file], { stdio: "inherit" });
    if (status !== 0) throw new Error(`the bench ${name} failed`);
    const [committed, today] = [`snapshots/${name}.json`, file].map((path) => JSON.parse(readFileSync(path, "utf8")));
    return differences(committed, today);
  });
  for (const difference of found) console.error(difference);
  if (found.length > 0) console.error("npm run gas writes today's figures into snapshots");
  process.exitCode = found.length > 0 ? 1 : 0;
}
