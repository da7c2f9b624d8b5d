/** The configuration file: every key, its meaning, its bounds and its default. The annotated example is made from it. */
import { z } from "zod";
import type { Address, ModelId } from "../roles/ports.ts";
import { LOG_LEVELS } from "../telemetry/logger.ts";

const milliseconds = (min: number, max: number) => z.int().min(min).max(max);
const count = (min: number, max: number) => z.int().min(min).max(max);
const file = z.string().min(1);

const webUrl = z.url({ protocol: /^https?$/, error: "expected an http: or https: URL" });

// Casts and not transforms: those would take defaults and examples out of the JSON Schema.

/** Any capitalisation is accepted; equal addresses are equal strings afterwards. */
const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/, "expected an address: 0x and 40 hexadecimal digits")
  .toLowerCase() as z.ZodType<Address, string>;

const modelId = z
  .string()
  .regex(/^0x[0-9a-f]{64}$/, "expected a model id: 0x and 64 lower-case hexadecimal digits") as z.ZodType<
  ModelId,
  string
>;

const tolerance = z.number().min(0).max(32_768);

const model = z.strictObject({
  id: modelId.describe("As `assay model register` prints it."),
  uris: z
    .array(z.string().min(1))
    .default([])
    .describe(
      "Where the model file can be had (file:, http: or https:), tried in this order before the addresses that are registered.",
    ),
  sentinel: z
    .strictObject({
      atol: tolerance.describe("Absolute, of integers as well."),
      rtol: tolerance.describe("Relative."),
    })
    .default({ atol: 1e-4, rtol: 1e-3 })
    .describe(
      "How far ONNX Runtime may be from the canonical output before the node refuses to sign and raises an alarm. " +
        "`assay model inspect` measures it.",
    ),
  answers: z
    .enum(["canonical", "onnxRuntime"])
    .default("canonical")
    .describe(
      "Whose outputs are signed. onnxRuntime: for models registered with a tolerance that are too slow to run.",
    ),
  checkEvery: count(1, 1_000_000)
    .default(1)
    .describe("With `answers: onnxRuntime`, of so many answers one is held against the canonical output."),
});

const chain = z.strictObject({
  manifest: file.describe("The manifest of the deployment: which chain, which contracts, from which block on."),
  rpcUrls: z
    .array(webUrl)
    .min(1)
    .describe("JSON-RPC endpoints of one chain. The first that answers is used; the others stand by."),
  rpcTimeoutMs: milliseconds(100, 120_000).default(10_000).describe("How long an endpoint may take for one answer."),
  pollMs: milliseconds(50, 60_000).default(2_000).describe("How often the chain is asked for news."),
  confirmations: count(0, 1_000)
    .default(2)
    .describe("A request is answered, and a transaction counts as done, when its block has this many successors."),
  logRange: count(1, 100_000)
    .default(2_000)
    .describe("How many blocks are asked for at once while catching up. Endpoints have limits; it shrinks by itself."),
});

const keystore = z.strictObject({
  file: file.default("keystore.json").describe("The encrypted signing key."),
  passwordFile: file
    .optional()
    .describe("A file whose first line is the password. Without it the environment's ASSAY_KEYSTORE_PASSWORD is taken.")
    .meta({ examples: ["/run/secrets/assay"] }),
});

const operator = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .describe("Whether this node answers, and defends its answers when they are disputed."),
  address: address.describe("The operator: the account that staked. Its signing key may be another one."),
  models: z
    .array(model)
    .default([])
    .describe("The models that are served.")
    .meta({
      examples: [
        [
          {
            id: `0x${"00".repeat(32)}`,
            uris: ["https://example.org/model.onnx"],
            sentinel: { atol: 1e-5, rtol: 1e-5 },
          },
        ],
      ],
    }),
  takesOpen: z
    .boolean()
    .default(true)
    .describe(
      "Whether to answer, too, what is assigned to nobody or left unanswered by the operator it is assigned to.",
    ),
  minProfitEth: z
    .number()
    .min(0)
    .default(0)
    .describe(
      "What an answer must leave when its gas is paid; less by the penalty if the request is assigned to this operator.",
    ),
  answerMarginS: count(0, 86_400)
    .default(15)
    .describe("No answer is begun when less than this is left of its answer period: it has to be mined in time."),
  withdrawAboveEth: z
    .number()
    .min(0)
    .optional()
    .describe("Earnings are withdrawn to the operator's account when they exceed this. Without it they stay.")
    .meta({ examples: [0.1] }),
});

const watcher = z.strictObject({
  enabled: z
    .boolean()
    .default(false)
    .describe("Whether this node runs again what other operators answer, and disputes what is wrong."),
  models: z
    .array(modelId)
    .default([])
    .describe("The models whose answers are run again. Without any it is every model whose file can be had.")
    .meta({ examples: [[`0x${"00".repeat(32)}`]] }),
  maxBondsEth: z
    .number()
    .min(0)
    .default(1)
    .describe(
      "The most that lies in bonds of disputes at a time. A wrong answer beyond it is not disputed, with an alarm.",
    ),
  maxGasPriceGwei: z
    .number()
    .gt(0)
    .max(1_000_000)
    .default(100)
    .describe("No dispute is opened while gas costs more. Those that are open are played on."),
});

const transactions = z.strictObject({
  maxFeeGwei: z.number().gt(0).max(1_000_000).default(200).describe("The most that is paid for one gas."),
  bumpAfterMs: milliseconds(1_000, 3_600_000)
    .default(60_000)
    .describe("A transaction that is not mined after this time is replaced by one that pays more."),
  maxInFlight: count(1, 64).default(8).describe("How many transactions are sent before the first of them is mined."),
});

const execution = z.strictObject({
  processes: count(1, 256)
    .default(1)
    .describe(
      "How many models run at the same time, each in a process with one thread; a program in two, one of them ONNX Runtime's.",
    ),
  deadlineMs: milliseconds(100, 3_600_000)
    .default(30_000)
    .describe("A run that takes longer is killed. Loading and compiling the model counts."),
  memoryMb: count(200, 1_000_000)
    .default(2_000)
    .describe("A process that takes more is killed. ONNX Runtime's needs about 100 for itself, the compiler's 250."),
  modelsLoaded: count(1, 1_000).default(8).describe("How many models a process keeps loaded."),
});

const artefacts = z.strictObject({
  fileRoot: file
    .optional()
    .describe(
      "The folder that file: URIs are relative to. They are taken from this configuration only, not from the chain.",
    )
    .meta({ examples: ["models"] }),
  allowPrivateNetwork: z
    .boolean()
    .default(false)
    .describe(
      "Whether addresses that are registered on chain may lead into private networks and to this machine. Only for a chain where nobody else registers models.",
    ),
  maxMb: count(1, 100_000).default(500).describe("The largest model file."),
  timeoutMs: milliseconds(1_000, 3_600_000).default(120_000).describe("How long fetching one file may take."),
});

const http = z.strictObject({
  host: z
    .string()
    .min(1)
    .default("127.0.0.1")
    .describe("Where /health, /ready, /status and /metrics are served. They are open to everybody who can connect."),
  port: count(0, 65_535).default(8460).describe("0: any free port; the log says which."),
});

const log = z.strictObject({
  level: z.enum(LOG_LEVELS).default("info").describe("What is logged at least."),
});

/** A section that may be left out, because all of its keys have defaults. */
const optional = <T extends z.ZodType>(section: T) => section.prefault({} as z.input<T>);

export const configSchema = z.strictObject({
  chain: chain.describe("The chain and the deployment on it."),
  operator: operator.describe("Who answers, and with what."),
  watcher: optional(watcher).describe("Who checks the answers of others."),
  keystore: optional(keystore).describe("The key that signs answers and pays for transactions."),
  data: file
    .default("data")
    .describe("The folder of everything that the node keeps: its database and the model files."),
  transactions: optional(transactions).describe("How transactions are paid for."),
  execution: optional(execution).describe("The limits under which models run."),
  artefacts: optional(artefacts).describe("Model files."),
  http: optional(http).describe("What the node shows of itself."),
  log: optional(log).describe("The log: one JSON object per line on the standard output."),
});

export type Config = z.output<typeof configSchema>;
export type ConfigInput = z.input<typeof configSchema>;
