// What the cache's tests cannot reach without the public network: where redirects and names lead.
import dns from "node:dns";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { mock } from "node:test";
import { expect } from "chai";
import { openSource } from "./openSource.ts";
import { SourceError } from "./sourceError.ts";

/** One machine with two addresses; the second one stands for a private network. */
const [ALLOWED, HIDDEN] = ["127.0.0.1", "127.0.0.2"];

describe("openSource", () => {
  const hits: string[] = [];
  let port: number;
  let server: Server;

  before(async () => {
    server = createServer(({ socket, url = "", headers }, response) => {
      hits.push(`${socket.localAddress}${url}`);
      if (url.startsWith("/to/")) response.writeHead(302, { location: decodeURIComponent(url.slice(4)) }).end();
      else response.end(headers.host);
    }).listen(0, "0.0.0.0");
    await once(server, "listening");
    ({ port } = server.address() as AddressInfo);
  });

  beforeEach(() => {
    hits.length = 0;
  });

  afterEach(() => mock.restoreAll());

  after(() => server.close());

  const read = async (uri: string) => {
    const access = { fileRoot: undefined, mayConnect: (address: string) => address === ALLOWED };
    const bytes = await buffer(await openSource(uri, access, AbortSignal.timeout(5_000)));
    return bytes.toString();
  };
  const refused = async (uri: string, reason: string) => {
    const error = await read(uri).catch((caught: unknown) => caught);
    expect(error).to.be.instanceOf(SourceError).and.include({ failure: "refused", message: reason });
  };

  /** Names resolve to these addresses, one after the other. */
  const resolveTo = (...addresses: string[]) => {
    const asked: string[] = [];
    mock.method(dns, "lookup", (name: string, _: unknown, done: (error: null, found: dns.LookupAddress[]) => void) => {
      asked.push(name);
      done(null, [{ address: addresses.shift() ?? HIDDEN, family: 4 }]);
    });
    return asked;
  };

  it("connects to addresses that are allowed", async () => {
    expect(await read(`http://${ALLOWED}:${port}/`)).to.equal(`${ALLOWED}:${port}`);
    await refused(`http://${HIDDEN}:${port}/`, `${HIDDEN} is no public address`);
    expect(hits).to.deep.equal([`${ALLOWED}/`]);
  });

  it("checks where every redirect leads", async () => {
    const to = (location: string) => `http://${ALLOWED}:${port}/to/${encodeURIComponent(location)}`;
    expect(await read(to("/"))).to.equal(`${ALLOWED}:${port}`);
    hits.length = 0;
    await refused(to(to(`http://${HIDDEN}:${port}/`)), `${HIDDEN} is no public address`);
    await refused(to(`//${HIDDEN}:${port}/`), `${HIDDEN} is no public address`);
    expect(hits.filter((hit) => hit.startsWith(HIDDEN))).to.deep.equal([]);
  });

  it("connects to the address that was checked, whatever the name resolves to next", async () => {
    const asked = resolveTo(ALLOWED, HIDDEN);
    expect(await read(`http://rebinding.example:${port}/`)).to.equal(`rebinding.example:${port}`);
    expect(asked).to.deep.equal(["rebinding.example"]);
    expect(hits).to.deep.equal([`${ALLOWED}/`]);
  });

  it("looks a name up again for every connection", async () => {
    resolveTo(ALLOWED, HIDDEN);
    const location = encodeURIComponent(`http://rebinding.example:${port}/`);
    const reason = `rebinding.example is ${HIDDEN}, which is no public address`;
    await refused(`http://rebinding.example:${port}/to/${location}`, reason);
    expect(hits).to.have.length(1);
  });
});
