/** The process that compiles artefacts and runs their programs canonically. */
import { joinTensors } from "../model/tensor.ts";
import type { Tolerance } from "../model/tolerance.ts";
import type { CanonicalProgram } from "../vm/canonicalProgram.ts";
import { ChunkTree } from "../vm/chunkTree.ts";
import { createHashEach } from "../vm/keccakBatch.ts";
import { Disputes } from "./disputes.ts";
import type { Job, Question, Result } from "./messages.ts";
import { Programs } from "./programs.ts";
import { serveJobs } from "./serveJobs.ts";

const EXACT: Tolerance = { atol: 0, rtol: 0 };

await serveJobs(({ maxModels }) => {
  const hashEach = createHashEach();
  const programs = new Programs(maxModels, hashEach);
  const disputes = new Disputes(hashEach);
  return async ({ model, inputs, question }: Job): Promise<Result> => {
    if (model === undefined) return { outputs: [] };
    const program = await programs.get(model);
    if (inputs === undefined) return { outputs: [] };
    const input = joinTensors(inputs);
    if (question !== undefined) return answer(disputes, program, input, model.program?.tolerance ?? EXACT, question);
    const { outputs, trace } = program.run(input);
    return { outputs, traceRoot: new ChunkTree(trace, hashEach).root };
  };
});

function answer(
  disputes: Disputes,
  program: CanonicalProgram,
  input: Uint8Array,
  tolerance: Tolerance,
  question: Question,
): Result {
  switch (question.kind) {
    case "judge":
      return { outputs: [], judgement: disputes.judge(program, input, tolerance, question) };
    case "play":
      return { outputs: [], plan: disputes.play(program, input, tolerance, question.position) };
  }
}
