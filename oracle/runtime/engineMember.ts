/** A thread that runs its share of a program whenever the leader of its team does. */
import { parentPort, workerData } from "node:worker_threads";
import { Tasks } from "../vm/engine/tasks.ts";
import { Team } from "../vm/engine/team.ts";
import type { MemberData } from "./engineTeam.ts";

const { code, memory, member, members, meetings } = workerData as MemberData;
const team = new Team(member, members, meetings);
const tasks = new Tasks(code, memory);
parentPort?.postMessage("ready");
team.meet();
tasks.prepare(team);
// Until it is terminated, which it is in a meeting.
for (;;) {
  team.meet();
  tasks.run(team);
}
