// npm run generate:transitions: prints the transition table that the tests run into docs/transitions.md.
import { writeFileSync } from "node:fs";
import {
  ACCOUNT_TRANSITIONS,
  CALLS,
  type Money,
  OUTCOMES,
  REFUSALS,
  STATUSES,
  TRANSITIONS,
} from "../../test/coordinator/transitions.ts";

const FILE = "docs/transitions.md";

const row = (...cells: readonly string[]) => `| ${cells.join(" | ")} |`;
const table = (head: readonly string[], rows: readonly string[]) =>
  [row(...head), row(...head.map(() => "---")), ...rows].join("\n");

/** `operator +fee -royalty, owner +royalty` */
function moves(money: Money): string {
  const purses = Object.entries(money).map(([purse, amounts]) => {
    const signed = amounts.map((amount) => (amount.startsWith("-") ? amount : `+${amount}`));
    return `${purse} ${signed.join(" ")}`;
  });
  return purses.join(", ");
}

const transitions = TRANSITIONS.map(({ id, from, call, when, to, money, events, callback }) =>
  row(
    `\`${id}\``,
    from.join(", "),
    `\`${call}\``,
    when,
    to ?? "",
    moves(money),
    events.join(", "),
    callback === undefined ? "" : callback,
  ),
);

const outcomeOf = (from: string, call: string) => {
  const refusal = REFUSALS.find((entry) => entry.from === from && entry.call === call);
  if (refusal !== undefined) return refusal.outcome;
  return TRANSITIONS.some((entry) => entry.call === call && entry.from.some((status) => status === from)) ? "yes" : "";
};

const refusals = CALLS.filter((call) => call !== "request").map((call) =>
  row(`\`${call}\``, ...STATUSES.map((from) => outcomeOf(from, call))),
);

const entries = (named: Readonly<Record<string, string>>) =>
  Object.entries(named).map(([id, meaning]) => row(`\`${id}\``, meaning));

writeFileSync(
  FILE,
  `# Transitions

Printed from \`test/coordinator/transitions.ts\` by \`npm run generate\`. A test runs every row and every refusal; a campaign of
random calls counts how often it took each and fails if it missed one.

## Requests

An empty \`to\` leaves the status. Money: \`balance\` is the coordinator's ether; \`requester\`, \`operator\` and \`owner\` are what
is owed to them; \`stake\` and \`locked\` are the asserting operator's, \`assigned\` is the stake of the one drawn. A callback
runs if it was bought, after everything else: it ends with \`Delivered\` or \`DeliveryFailed\`.

${table(["id", "from", "call", "when", "to", "money", "events", "callback"], transitions)}

## Which call in which status

"yes": the rows above, with their conditions. An error: refused whatever the arguments. "passed over": a batch leaves the
item out and does the others.

${table(["call", ...STATUSES], refusals)}

## What else a call can lead to

${table(["id", "meaning"], entries(OUTCOMES))}

## Operators, models and accounts

${table(["id", "meaning"], entries(ACCOUNT_TRANSITIONS))}
`,
);
