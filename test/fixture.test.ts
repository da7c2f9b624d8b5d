import { expect } from "chai";
import { REQUEST_STATE, unpackWord } from "../oracle/chain/words.ts";
import { joinTensors } from "../oracle/model/tensor.ts";
import { answer, ask, deployed, finalise, register, someTensors, stakeOperator } from "./fixture.ts";

describe("a request's life, through the TypeScript that node and tests share", () => {
  it("asks, answers and finalises", async () => {
    const world = await deployed();
    const model = await register(world);
    await stakeOperator(world);
    const asked = await ask(world, model);
    const answered = await answer(world, asked, joinTensors(someTensors(model.spec.outputs)));
    await expect(finalise(world, asked, answered))
      .to.emit(world.coordinator, "Finalised")
      .withArgs(asked.requestId, answered.assertionId, world.operator.address);
    const state = unpackWord(REQUEST_STATE, await world.coordinator.requestStateOf(asked.requestId));
    expect(state.status).to.equal("Final");
    expect(await world.coordinator.isFinal(asked.request, answered.output)).to.equal(true);
  });
});
