// npm run generate:config: docs/configuration.md, every key of a node's configuration as the schema describes it.
import { writeFileSync } from "node:fs";
import { renderConfig } from "../../oracle/config/example.ts";

const example = renderConfig({
  chain: { manifest: "manifest.json", rpcUrls: ["https://rpc.example.org", "https://rpc.example.net"] },
  operator: { address: `0x${"00".repeat(19)}01` },
});

writeFileSync(
  "docs/configuration.md",
  `# Configuration

Every key of \`assay.yaml\` with its default. What is commented out is optional and has none; what is shown is an example.
\`assay init\` writes this file for you, and every command says exactly what is wrong with one. The password is never in
it: it comes from \`keystore.passwordFile\`, the environment's \`ASSAY_KEYSTORE_PASSWORD\`, or the terminal.

Made by \`npm run generate:config\` from [the schema](../oracle/config/schema.ts).

\`\`\`yaml
${example.trimEnd()}
\`\`\`
`,
);
