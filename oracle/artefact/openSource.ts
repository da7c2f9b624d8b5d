/** The bytes behind a URI. */
import { constants } from "node:fs";
import { open, realpath } from "node:fs/promises";
import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP } from "node:net";
import { join, relative, sep } from "node:path";
import { lookupAllowed, notAllowed } from "./publicAddress.ts";
import { SourceError } from "./sourceError.ts";

export interface Access {
  /** Where relative `file:` URIs lead, and nothing outside of it; undefined: there are no files. */
  readonly fileRoot: string | undefined;
  /** Whether a connection to this IP address is allowed. */
  readonly mayConnect: (address: string) => boolean;
}

const MAX_REDIRECTS = 3;
/** What a server says in passing; every other status means that it will not serve this file soon. */
const TRANSIENT_STATUSES: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/** @throws SourceError */
export function openSource(uri: string, access: Access, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  const scheme = /^[a-z]+:/i.exec(uri)?.[0].toLowerCase();
  if (scheme === "file:") return openFile(uri.slice("file:".length), access.fileRoot);
  if (scheme === "http:" || scheme === "https:") return openUrl(uri, access, signal);
  return Promise.reject(new SourceError("refused", "not a file:, http: or https: URI"));
}

async function openFile(path: string, fileRoot: string | undefined): Promise<AsyncIterable<Uint8Array>> {
  if (fileRoot === undefined)
    throw new SourceError("refused", "file: is taken from the configuration only, with artefacts.fileRoot");
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

async function openUrl(uri: string, access: Access, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  let url = parse(uri);
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await get(url, access, signal);
    const { statusCode = 0, headers } = response;
    if (statusCode >= 200 && statusCode < 300) return bodyOf(response, signal);
    response.destroy();
    if (statusCode < 300 || statusCode >= 400 || headers.location === undefined) {
      const failure = TRANSIENT_STATUSES.has(statusCode) ? "transient" : "unavailable";
      throw new SourceError(failure, `the server answered ${statusCode}`);
    }
    url = parse(headers.location, url);
    if (url.protocol !== "http:" && url.protocol !== "https:") {
      throw new SourceError("refused", `the server redirects to ${url.protocol}`);
    }
  }
  throw new SourceError("unavailable", `more than ${MAX_REDIRECTS} redirects`);
}

/** URIs come from the chain and locations from servers: neither need be a URL, nor its credentials text. */
function parse(text: string, base?: URL): URL {
  const url = URL.parse(text, base?.href);
  if (url === null || !isDecodable(url.username) || !isDecodable(url.password)) {
    throw new SourceError("refused", "not a URL");
  }
  return url;
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** Not by fetch: it cannot be told which addresses to connect to. A redirect does not carry credentials along. */
function get(url: URL, { mayConnect }: Access, signal: AbortSignal): Promise<IncomingMessage> {
  // A name is looked up, an address is not.
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (isIP(host) !== 0 && !mayConnect(host)) return Promise.reject(notAllowed(host, host));
  const request = url.protocol === "https:" ? requestHttps : requestHttp;
  const headers = { "accept-encoding": "identity", "user-agent": "assay" };
  return new Promise((resolve, reject) => {
    // A connection of its own: one that is kept alive may have been made for somebody else's lookup.
    const sent = request(url, { agent: false, lookup: lookupAllowed(mayConnect), headers, signal });
    sent.on("response", resolve);
    sent.on("error", (cause) => reject(cause instanceof SourceError ? cause : brokenOff(cause, signal)));
    sent.end();
  });
}

async function* bodyOf(response: IncomingMessage, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    yield* response;
  } catch (cause) {
    throw brokenOff(cause as Error, signal);
  }
}

/** An abortion says why, and connections to several addresses fail with nothing but a code. */
function brokenOff(cause: NodeJS.ErrnoException, signal: AbortSignal): SourceError {
  const reason = signal.aborted ? (signal.reason as Error).message : cause.message || cause.code;
  return new SourceError("transient", reason ?? "the connection failed", { cause });
}
