/** The process that compiles artefacts and runs their programs canonically. */
import { joinTensors } from "../model/tensor.ts";
import { ChunkTree } from "../vm/chunkTree.ts";
import { createHashEach } from "../vm/keccakBatch.ts";
import type { Job, Result } from "./messages.ts";
import { Programs } from "./programs.ts";
import { serveJobs } from "./serveJobs.ts";

await serveJobs(({ maxModels }) => {
  const hashEach = createHashEach();
  const programs = new Programs(maxModels, hashEach);
  return async ({ model, inputs }: Job): Promise<Result> => {
    if (model === undefined) return { outputs: [] };
    const program = await programs.get(model);
    if (inputs === undefined) return { outputs: [] };
    const { outputs, trace } = program.run(joinTensors(inputs));
    return { outputs, traceRoot: new ChunkTree(trace, hashEach).root };
  };
});
