/** assay model: what can be done with an ONNX file. */
import type { Command } from "commander";
import type { Tools } from "../../ports.ts";
import { addCompile } from "./compile.ts";
import { addInspect } from "./inspect.ts";
import { addRegister } from "./register.ts";
import { addRun } from "./run.ts";

export function addModel(program: Command, tools: Tools): void {
  const model = program.command("model").description("compile, run, inspect and register models");
  for (const add of [addCompile, addRun, addInspect, addRegister]) add(model, tools);
}
