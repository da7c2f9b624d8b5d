import { expect } from "chai";
import { parseEther } from "ethers";
import { answer, ask, deployed, register, stakeOperator } from "../fixture.ts";
import { recordingLogger } from "../recordingLogger.ts";
import { serveRpc } from "../rpcServer.ts";
import { operatorNode } from "./operatorNode.ts";

async function setUp() {
  const world = await deployed();
  const model = await register(world);
  await stakeOperator(world);
  await world.networkHelpers.setBalance(world.signingKey.address, parseEther("1"));
  const server = await serveRpc(world.ethers.provider);
  const node = await operatorNode(
    {
      urls: [server.url],
      manifest: world.manifest,
      operator: world.operator.address,
      privateKey: world.signingKey.privateKey,
      models: [model.modelId],
      store: ":memory:",
    },
    { logger: recordingLogger().logger },
  );
  const round = async () => {
    await node.intake.tick();
    await node.role.tick();
    await node.role.idle();
    await node.outbox.tick();
  };
  const tearDown = async () => {
    node.close();
    await server.close();
  };
  return { world, model, node, round, tearDown };
}

describe("operator on a chain", () => {
  it("answers a request, makes it final and withdraws", async () => {
    const { world, model, node, round, tearDown } = await setUp();
    const asked = await ask(world, model);
    for (let i = 0; i < 8; i++) {
      await round();
      if (i === 4) await world.networkHelpers.time.increase(20);
    }
    expect((await node.store.job(asked.requestId))?.state).to.equal("done");
    await tearDown();
  });

  it("leaves alone what another node of the same operator answered while it ran the model", async () => {
    const { world, model, node, round, tearDown } = await setUp();
    const asked = await ask(world, model);
    await round();
    expect((await node.store.job(asked.requestId))?.state).to.equal("computed");
    await answer(world, asked, new Uint8Array(4 * 24));
    await round();
    expect((await node.store.job(asked.requestId))?.state).to.equal("skipped");
    await world.networkHelpers.time.increase(20);
    await round();
    await tearDown();
  });
});
