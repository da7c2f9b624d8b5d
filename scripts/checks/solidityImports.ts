// npm run check:layers: the contracts import nothing but themselves and OpenZeppelin, so that what is audited is what
// is in contracts/. Tests (.t.sol) may import harnesses too.
import { globSync, readFileSync } from "node:fs";
import { posix } from "node:path";

/** The imports of a contract that lead out of contracts/ and OpenZeppelin; `file` is relative to the repository. */
export function foreignImports(file: string, source: string): string[] {
  const imports = [...source.matchAll(/^\s*import\s[^;"']*["']([^"']+)["']/gm)].map(([, path = ""]) => path);
  return imports.filter((path) => {
    if (path.startsWith("@openzeppelin/contracts/")) return false;
    return !path.startsWith(".") || !posix.join(posix.dirname(file), path).startsWith("contracts/");
  });
}

if (import.meta.main) {
  const found = globSync("contracts/**/*.sol", { exclude: ["**/*.t.sol"] }).flatMap((file) =>
    foreignImports(file, readFileSync(file, "utf8")).map((path) => `${file} imports ${path}`),
  );
  for (const problem of found) console.error(problem);
  process.exitCode = found.length > 0 ? 1 : 0;
}
