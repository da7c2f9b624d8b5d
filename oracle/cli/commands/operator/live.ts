import { Argument, type Command } from "commander";
import type { Tools } from "../../ports.ts";
import { act, subcommand } from "./act.ts";

export function addLive(operator: Command, tools: Tools): void {
  subcommand(operator, "live", "take part in the draw of who answers, or stop")
    .addArgument(new Argument("<state>", "whether requests are assigned to this operator").choices(["on", "off"]))
    .action((state: "on" | "off", _options: object, command: Command) =>
      act(tools, command, ({ calls }) => ({
        call: calls.setLive(state === "on"),
        done: state === "on" ? "live" : "not live",
        byOperatorOnly: false,
      })),
    );
}
