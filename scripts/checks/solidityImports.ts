// npm run check:layers: the contracts import nothing but themselves and OpenZeppelin, so that what is audited is what
// is in contracts/, and nothing that they do not use. Tests (.t.sol) may import harnesses too.
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

/** Names that a contract imports and does not use. Solhint's no-unused-import does not see names in assembly. */
export function unusedImports(source: string): string[] {
  const importing = /^import\s*\{([^}]*)\}[^;]*;/gm;
  const names = [...source.matchAll(importing)].flatMap(([, list = ""]) => list.match(/\w+(?=\s*(,|$))/g) ?? []);
  const used = source.replaceAll(importing, "").replaceAll(/(?<!\/)\/\/(?!\/ @inheritdoc).*/g, "");
  return names.filter((name) => !new RegExp(`\\b${name}\\b`).test(used));
}

if (import.meta.main) {
  const found = globSync("contracts/**/*.sol", { exclude: ["**/*.t.sol"] }).flatMap((file) => {
    const source = readFileSync(file, "utf8");
    return [
      ...foreignImports(file, source).map((path) => `${file} imports ${path}`),
      ...unusedImports(source).map((name) => `${file} imports ${name} and does not use it`),
    ];
  });
  for (const problem of found) console.error(problem);
  process.exitCode = found.length > 0 ? 1 : 0;
}
