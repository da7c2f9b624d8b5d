import { expect } from "chai";
import { parseEther } from "ethers";
import { ask, deployed, register, stakeOperator } from "../fixture.ts";
import { recordingLogger } from "../recordingLogger.ts";
import { serveRpc } from "../rpcServer.ts";
import { operatorNode } from "./operatorNode.ts";

describe("operator on a chain", () => {
  it("answers a request, makes it final and withdraws", async () => {
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
    const asked = await ask(world, model);
    for (let i = 0; i < 8; i++) {
      await node.intake.tick();
      await node.role.tick();
      await node.role.idle();
      await node.outbox.tick();
      if (i === 4) await world.networkHelpers.time.increase(20);
    }
    expect((await node.store.job(asked.requestId))?.state).to.equal("done");
    node.close();
    await server.close();
  });
});
