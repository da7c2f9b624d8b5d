/** The bytes behind a URI. */
import { constants } from "node:fs";
import { open, realpath } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { SourceError } from "./sourceError.ts";

const MAX_REDIRECTS = 3;
/** What a server says in passing; every other status means that it will not serve this file soon. */
const TRANSIENT_STATUSES: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/**
 * Opens a URI. `file:` takes paths relative to `fileRoot` and nothing outside of it: URIs come from the chain, where
 * anybody writes them. No fileRoot: no files.
 * @throws SourceError
 */
export function openSource(
  uri: string,
  fileRoot: string | undefined,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const scheme = /^[a-z]+:/i.exec(uri)?.[0].toLowerCase();
  if (scheme === "file:") return openFile(uri.slice("file:".length), fileRoot);
  if (scheme === "http:" || scheme === "https:") return openUrl(uri, signal);
  return Promise.reject(new SourceError("refused", "not a file:, http: or https: URI"));
}

async function openFile(path: string, fileRoot: string | undefined): Promise<AsyncIterable<Uint8Array>> {
  if (fileRoot === undefined) throw new SourceError("refused", "no folder is configured for file: URIs");
  if (path === "" || path.startsWith("/")) throw new SourceError("refused", "file: takes a relative path");
  const resolved = await realpath(join(fileRoot, path)).catch(unavailable);
  const inside = relative(await realpath(fileRoot).catch(unavailable), resolved);
  if (inside === ".." || inside.startsWith(`..${sep}`)) {
    throw new SourceError("refused", "the path leads out of the folder for file: URIs");
  }
  // Opening a pipe would wait for somebody to write to it.
  const file = await open(resolved, constants.O_RDONLY | constants.O_NONBLOCK).catch(unavailable);
  // A device or a pipe could give bytes for ever, or never.
  if ((await file.stat()).isFile()) return file.createReadStream();
  await file.close();
  throw new SourceError("refused", "not a regular file");
}

function unavailable(cause: Error): never {
  throw new SourceError("unavailable", cause.message, { cause });
}

/** Redirects are followed here because fetch would follow twenty of them. */
async function openUrl(uri: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  let url = parse(uri);
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await get(url, signal);
    const location = response.headers.get("location");
    if (response.status >= 300 && response.status < 400 && location !== null) {
      await response.body?.cancel();
      url = parse(location, url);
      if (url.protocol !== "http:" && url.protocol !== "https:") {
        throw new SourceError("refused", `the server redirects to ${url.protocol}`);
      }
    } else if (response.ok && response.body !== null) {
      return response.body;
    } else {
      await response.body?.cancel();
      const failure = TRANSIENT_STATUSES.has(response.status) ? "transient" : "unavailable";
      throw new SourceError(failure, `the server answered ${response.status}`);
    }
  }
  throw new SourceError("unavailable", `more than ${MAX_REDIRECTS} redirects`);
}

/** URIs come from the chain and locations from servers: neither need be a URL. */
function parse(text: string, base?: URL): URL {
  const url = URL.parse(text, base?.href);
  if (url === null) throw new SourceError("refused", "not a URL");
  return url;
}

async function get(url: URL, signal: AbortSignal): Promise<Response> {
  const { username, password } = url;
  // fetch refuses URLs with credentials; a redirect elsewhere does not carry them along.
  const bare = new URL(url);
  bare.username = "";
  bare.password = "";
  const basic = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString("base64");
  const headers: Record<string, string> = username === "" ? {} : { authorization: `Basic ${basic}` };
  return await fetch(bare, { redirect: "manual", signal, headers }).catch((cause: Error) => {
    const reason = cause.cause instanceof Error ? cause.cause.message : cause.message;
    throw new SourceError("transient", reason, { cause });
  });
}
