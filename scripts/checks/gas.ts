// npm run check:gas: the gas figures of today against the committed ones; npm run gas accepts today's.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const SNAPSHOT = "snapshots/contracts.json";

/** One line per figure that moved, appeared or vanished. Gas is deterministic, so nothing is tolerated. */
export function differences(committed: Record<string, number>, today: Record<string, number>): string[] {
  const names = new Set([...Object.keys(committed), ...Object.keys(today)]);
  return [...names]
    .filter((name) => committed[name] !== today[name])
    .map((name) => {
      const change = (today[name] ?? Number.NaN) - (committed[name] ?? Number.NaN);
      const sign = change > 0 ? "+" : "";
      return `${name}: ${committed[name] ?? "absent"} -> ${today[name] ?? "absent"} (${sign}${change})`;
    });
}

if (import.meta.main) {
  const file = join(mkdtempSync(join(tmpdir(), "assay-gas-")), "contracts.json");
  const { status } = spawnSync("npm", ["run", "-s", "bench", "--", "contracts", "--json", file], { stdio: "inherit" });
  if (status !== 0) throw new Error("the contracts bench failed");
  const [committed, today] = [SNAPSHOT, file].map((path) => JSON.parse(readFileSync(path, "utf8")));
  const found = differences(committed, today);
  for (const difference of found) console.error(difference);
  if (found.length > 0) console.error(`npm run gas writes today's figures into ${SNAPSHOT}`);
  process.exitCode = found.length > 0 ? 1 : 0;
}
