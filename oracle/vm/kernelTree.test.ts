import { expect } from "chai";
import fc from "fast-check";
import { runs, seed } from "../../test/budget.ts";
import { fromHex, keccak256, toHex } from "./keccak.ts";
import { type KernelLeaf, KernelTree, verifyKernel } from "./kernelTree.ts";

const leaf = (chunks: bigint, ...descriptor: number[]): KernelLeaf => ({
  chunks,
  descriptor: Uint8Array.from(descriptor),
});
const u64 = (value: number) => Uint8Array.of(0, 0, 0, 0, 0, 0, 0, value);
const commitmentOf = (tree: KernelTree) => ({
  kernelRoot: tree.root,
  kernelCount: tree.kernelCount,
  traceChunks: tree.traceChunks,
});

describe("kernel trees", () => {
  it("one kernel is its own root", () => {
    const tree = new KernelTree([leaf(3n, 7, 8)]);
    expect(toHex(tree.rootPreimage)).to.equal("0x0000000000000000030708");
    expect(tree.root).to.equal(toHex(keccak256(tree.rootPreimage)));
    expect(tree.path(0)).to.be.empty;
    expect(tree.traceChunks).to.equal(3n);
  });

  it("three kernels: sums beside their hashes, the missing one is nothing", () => {
    const [a, b, c] = [leaf(3n, 1), leaf(5n, 2), leaf(1n)];
    const tree = new KernelTree([a, b, c]);
    const hash = ({ chunks, descriptor }: KernelLeaf) => keccak256(Uint8Array.of(0), u64(Number(chunks)), descriptor);
    const inner = Uint8Array.of(1);
    const left = keccak256(inner, hash(a), u64(3), hash(b), u64(5));
    const right = keccak256(inner, hash(c), u64(1), new Uint8Array(32), u64(0));
    expect(tree.root).to.equal(toHex(keccak256(inner, left, u64(8), right, u64(1))));
    expect(tree.rootPreimage).to.have.length(81);
    expect(toHex(keccak256(tree.rootPreimage))).to.equal(tree.root);
    expect(toHex(tree.path(2))).to.equal(`0x${"00".repeat(40)}${toHex(left).slice(2)}0000000000000008`);
  });

  it("refuses a program without kernels and one that 64 bits cannot count", () => {
    expect(() => new KernelTree([])).to.throw(RangeError, "a program without kernels");
    expect(() => new KernelTree([leaf(2n ** 64n - 1n), leaf(1n)])).to.throw(RangeError, "18446744073709551616");
    expect(new KernelTree([leaf(2n ** 64n - 2n), leaf(1n)]).traceChunks).to.equal(2n ** 64n - 1n);
  });

  it("there is nothing beyond the last kernel and the last chunk", () => {
    const tree = new KernelTree([leaf(1n), leaf(2n)]);
    for (const k of [-1, 2, 0.5]) {
      expect(() => tree.path(k)).to.throw(RangeError, `no kernel ${k}`);
      expect(() => tree.firstChunk(k)).to.throw(RangeError, `no kernel ${k}`);
    }
    for (const chunk of [-1n, 3n]) expect(() => tree.kernelOf(chunk)).to.throw(RangeError, `no trace chunk ${chunk}`);
  });

  const programs = fc.array(fc.record({ chunks: fc.bigInt(0n, 4n), descriptor: fc.uint8Array({ maxLength: 40 }) }), {
    minLength: 1,
    maxLength: 20,
  });

  it(`a path shows a kernel at its place and where its chunks begin, and nothing else (seed ${seed})`, () => {
    fc.assert(
      fc.property(programs, fc.nat(), fc.nat(), (kernels, choice, bit) => {
        const tree = new KernelTree(kernels);
        const commitment = commitmentOf(tree);
        const k = choice % kernels.length;
        const own = kernels[k] ?? leaf(0n);
        const path = tree.path(k);
        const first = kernels.slice(0, k).reduce((sum, { chunks }) => sum + chunks, 0n);
        expect(verifyKernel(commitment, k, own, path))
          .to.equal(first)
          .and.to.equal(tree.firstChunk(k));

        const refused = {
          "another place": verifyKernel(commitment, k ^ 1, own, path),
          "more chunks": verifyKernel(commitment, k, { ...own, chunks: own.chunks + 1n }, path),
          "another descriptor": verifyKernel(commitment, k, { ...own, descriptor: fromHex("0x00ff") }, path),
          "a longer path": verifyKernel(commitment, k, own, Uint8Array.from([...path, ...new Uint8Array(40)])),
          "another total": verifyKernel({ ...commitment, traceChunks: tree.traceChunks + 1n }, k, own, path),
          "another count": verifyKernel({ ...commitment, kernelCount: 2 * kernels.length }, k, own, path),
        };
        // Equal neighbours have the same path, and it shows either of them.
        const isTwin = path.length > 0 && toHex(path.subarray(0, 32)) === toHex(leafHash(own));
        for (const [what, result] of Object.entries(refused)) {
          if (!(what === "another place" && isTwin)) expect(result, what).to.equal(undefined);
        }
        if (path.length === 0) return;
        const flipped = path.slice();
        const at = bit % path.length;
        flipped[at] = (flipped[at] ?? 0) ^ (1 << (bit % 8));
        expect(verifyKernel(commitment, k, own, flipped), `bit ${bit % 8} of byte ${at}`).to.equal(undefined);
        expect(verifyKernel(commitment, k, own, path.subarray(40)), "a shorter path").to.equal(undefined);
      }),
      { seed, numRuns: runs(200, 20_000) },
    );
  });

  it(`every chunk of the trace belongs to the kernel that fills it (seed ${seed})`, () => {
    fc.assert(
      fc.property(programs, (kernels) => {
        const tree = new KernelTree(kernels);
        const owners = kernels.flatMap(({ chunks }, k) => Array<number>(Number(chunks)).fill(k));
        expect(owners.map((_, chunk) => tree.kernelOf(BigInt(chunk)))).to.deep.equal(owners);
      }),
      { seed, numRuns: runs(200, 20_000) },
    );
  });

  it("sums that overflow do not wrap around to the total", () => {
    const tree = new KernelTree([leaf(1n, 1), leaf(1n, 2), leaf(1n, 3)]);
    const wrapped = tree.path(0);
    wrapped.set(new Uint8Array(8).fill(0xff), 32);
    expect(verifyKernel(commitmentOf(tree), 0, leaf(1n, 1), wrapped)).to.equal(undefined);
  });
});

const leafHash = ({ chunks, descriptor }: KernelLeaf) => keccak256(Uint8Array.of(0), u64(Number(chunks)), descriptor);
