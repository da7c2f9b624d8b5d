/** URLs as they may be shown: in logs, errors and metrics. */

/** A web address without user name, password, query and fragment; anything else as it is. */
export function redactUrl(text: string): string {
  const url = URL.parse(text);
  if (url?.protocol !== "http:" && url?.protocol !== "https:") return text;
  url.username = "";
  url.password = "";
  url.search = "";
  url.hash = "";
  return url.href;
}

/** Only scheme, host and port: RPC providers put their keys into the path. */
export function redactEndpoint(text: string): string {
  const url = URL.parse(text);
  return url === null ? "(not a URL)" : `${url.protocol}//${url.host}`;
}
