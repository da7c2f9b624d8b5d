// Makes a clone ready to use: installs the dependencies and compiles the contracts when they are missing or stale.
// Runs before the npm scripts on whatever Node is there (>= 20), so it is plain JavaScript without dependencies.
// Everything goes to stderr: the standard output belongs to the command that follows.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const NODE_MAJOR = 24;
const PROGRESS_EVERY_MS = 10_000;
const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const installStamp = join(root, "node_modules", ".assay-install");
const compileStamp = join(root, "artifacts", ".assay-compile");

const log = (line) => process.stderr.write(`${line}\n`);

/** SHA-256 over the names and contents of the files, so that a checkout or a copy (new times, same bytes) stays fresh. */
function digest(files) {
  const hash = createHash("sha256");
  for (const file of files) hash.update(`${file}\0`).update(readFileSync(join(root, file)));
  return hash.digest("hex");
}

function solidityFiles(folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true })
    .map((name) => join(folder, name))
    .filter((name) => name.endsWith(".sol"))
    .sort();
}

const stampOf = (path) => (existsSync(path) ? readFileSync(path, "utf8") : "");

/** Runs a command with node_modules/.bin first on the PATH; its output is shown only when it fails. */
function run(label, command, args) {
  const started = Date.now();
  const seconds = () => `${Math.round((Date.now() - started) / 1000)} s`;
  const path = `${join(root, "node_modules", ".bin")}${delimiter}${process.env.PATH}`;
  log(`${label} ...`);
  const progress = setInterval(() => log(`${label} ... ${seconds()}`), PROGRESS_EVERY_MS);
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, PATH: path },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    child.stdout.on("data", (chunk) => (output += chunk));
    child.stderr.on("data", (chunk) => (output += chunk));
    child.on("error", (error) => reject(new Error(`cannot start ${command}: ${error.message}`)));
    child.on("close", (code, signal) => {
      if (code === 0) resolve(log(`${label} done in ${seconds()}`));
      else reject(new Error(`${output.trim()}\n\n${label} failed (${signal ?? `exit code ${code}`})`));
    });
  }).finally(() => clearInterval(progress));
}

async function install(lockHash) {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  const count = Object.keys(lock.packages).length - 1;
  // npm under an older Node leaves out optional packages whose "engines" ask for a newer one (Hardhat's EVM is one).
  const isNew = Number(process.versions.node.split(".")[0]) >= NODE_MAJOR;
  const npmCi = ["npm", "ci", "--no-audit", "--no-fund"];
  const [command, ...args] = isNew ? npmCi : ["npx", "-y", "-p", `node@${NODE_MAJOR}`, ...npmCi];
  try {
    await run(`[1/2] installing ${count} packages`, command, args);
  } catch (error) {
    const offline = /ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ECONNRESET|ENETUNREACH|ERR_SOCKET_TIMEOUT|ENOTCACHED/;
    if (!offline.test(error.message)) throw error;
    throw new Error(
      `${error.message}\nThe npm registry cannot be reached: connect to the internet and run this again.`,
      { cause: error },
    );
  }
  writeFileSync(installStamp, lockHash);
}

async function compile(sourceHash) {
  // TypeChain leaves the types of contracts that are gone.
  rmSync(join(root, "types"), { recursive: true, force: true });
  await run("[2/2] compiling the contracts", "hardhat", ["build"]);
  // Without a single contract the compiler leaves no artifacts folder, and nothing to stamp.
  if (existsSync(dirname(compileStamp))) writeFileSync(compileStamp, sourceHash);
}

async function bootstrap() {
  const lockHash = digest(["package-lock.json"]);
  if (stampOf(installStamp) !== lockHash) await install(lockHash);
  if (process.argv.includes("--install-only")) return;

  const sources = ["contracts", join("test", "contracts")].flatMap(solidityFiles);
  const sourceHash = digest(["package-lock.json", "hardhat.config.ts", ...sources]);
  if (stampOf(compileStamp) !== sourceHash || !existsSync(join(root, "types"))) await compile(sourceHash);
}

try {
  await bootstrap();
} catch (error) {
  log(`\n${error.message}`);
  process.exitCode = 1;
}
