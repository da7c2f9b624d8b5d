/** What a reader of the demo sees: chapters, facts, and a table at the end. Plain text, emphasis on terminals only. */
import { styleText } from "node:util";

/** A step that somebody paid gas for. */
export interface Step {
  readonly what: string;
  readonly gas: bigint;
  readonly ms: number;
}

const INDENT = "   ";
const LABEL_WIDTH = 12;

export class Story {
  readonly #startedMs = performance.now();
  readonly #steps: Step[] = [];
  #chapters = 0;

  get elapsedMs(): number {
    return performance.now() - this.#startedMs;
  }

  title(text: string): void {
    console.log(emphasise("bold", text));
  }

  chapter(text: string): void {
    this.#chapters++;
    console.log(`\n${emphasise("bold", `${this.#chapters}. ${text}`)}`);
  }

  say(text: string): void {
    console.log(INDENT + text);
  }

  fact(label: string, text: string): void {
    this.say(`${emphasise("dim", label.padEnd(LABEL_WIDTH))} ${text}`);
  }

  /** A fact that has its place in the closing table. */
  step(label: string, text: string, step: Step): void {
    this.#steps.push(step);
    this.fact(label, `${text} (${step.gas.toLocaleString("en")} gas, ${formatSeconds(step.ms)})`);
  }

  table(): void {
    const width = Math.max(...this.#steps.map(({ what }) => what.length));
    for (const { what, gas, ms } of this.#steps) {
      this.say(`${what.padEnd(width)} ${gas.toLocaleString("en").padStart(9)} gas ${formatSeconds(ms).padStart(8)}`);
    }
  }
}

/** Left out where the output is no terminal or NO_COLOR is set. */
function emphasise(format: "bold" | "dim", text: string): string {
  return styleText(format, text, { stream: process.stdout });
}

export const formatSeconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`;

/** Parts per million as a percentage. */
export const formatPercent = (ppm: bigint | number) => `${(Number(ppm) / 10_000).toFixed(2)} %`;
