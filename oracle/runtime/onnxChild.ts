/** The process that runs ONNX Runtime. */
import { ExecutionError } from "../roles/ports.ts";
import type { Job, Result } from "./messages.ts";
import { fromOrt, toOrt } from "./ortTensor.ts";
import { serveJobs } from "./serveJobs.ts";
import { Sessions } from "./sessions.ts";

await serveJobs(({ maxModels }) => {
  const sessions = new Sessions(maxModels);
  return (job) => execute(sessions, job);
});

async function execute(sessions: Sessions, { model, inputs }: Job): Promise<Result> {
  if (model === undefined) return { outputs: [] };
  const session = await sessions.get(model);
  if (inputs === undefined) return { outputs: [] };
  const given = model.inputs.map((input, i) => ({ ...input, bytes: inputs[i] as Uint8Array }));
  const feeds = [...given, ...(model.bound ?? [])].map((tensor) => [tensor.name, toOrt(tensor, tensor.bytes)]);
  const names = model.outputs.map(({ name }) => name);
  const results = await session.run(Object.fromEntries(feeds), names).catch((cause: Error) => {
    throw new ExecutionError("model", cause.message, { cause });
  });
  return { outputs: model.outputs.map((output) => fromOrt(output, results[output.name])) };
}
