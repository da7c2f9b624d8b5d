import { expect } from "chai";
import { recordingLogger } from "../../test/recordingLogger.ts";
import { createLogger } from "./logger.ts";
import { PrometheusMetrics } from "./metrics.ts";
import { redactEndpoint, redactUrl } from "./redact.ts";

describe("redact", () => {
  it("leaves out of a URL what may be a secret", () => {
    expect(redactUrl("https://me:secret@host:8080/models/a.onnx?token=1#x")).to.equal(
      "https://host:8080/models/a.onnx",
    );
    expect(redactUrl("file:models/a.onnx")).to.equal("file:models/a.onnx");
    expect(redactUrl("not a url")).to.equal("not a url");
  });

  it("leaves of an endpoint only where it is", () => {
    expect(redactEndpoint("https://me:secret@rpc.example/v3/0123key?x=1")).to.equal("https://rpc.example");
    expect(redactEndpoint("secret")).to.equal("(not a URL)");
  });
});

describe("logger", () => {
  it("writes one JSON object per event, without secrets", () => {
    const { logger, lines } = recordingLogger();
    logger
      .child({ role: "operator" })
      .info({ rpcUrl: "https://rpc.example/KEY", keystore: { password: "x" } }, "started");
    logger.warn({ uri: "https://a:b@host/m.onnx", password: "x", error: new Error("broken") }, "failed");
    expect(lines[0]).to.include({ level: "info", msg: "started", role: "operator", rpcUrl: "https://rpc.example" });
    expect(lines[0]?.keystore).to.deep.equal({ password: "[redacted]" });
    expect(lines[0]?.time).to.match(/^\d{4}-\d\d-\d\dT.*Z$/);
    expect(lines[1]).to.include({ level: "warn", uri: "https://host/m.onnx", password: "[redacted]" });
    expect(lines[1]?.error).to.include({ type: "Error", message: "broken" });
  });

  it("leaves out what is below its level", () => {
    const written: string[] = [];
    const logger = createLogger("warn", { write: (line) => written.push(line) });
    logger.info({}, "not this");
    logger.error({}, "this");
    expect(written).to.have.length(1);
  });
});

describe("PrometheusMetrics", () => {
  it("gives its metrics as text", async () => {
    const metrics = new PrometheusMetrics();
    const jobs = metrics.counter({ name: "jobs_total", help: "Jobs by state", labels: ["state"] });
    jobs.inc({ state: "done" });
    jobs.inc({ state: "done" }, 2);
    metrics.gauge({ name: "lag_blocks", help: "Blocks behind the head" }).set(7);
    metrics.histogram({ name: "run_seconds", help: "Time of a run", buckets: [1, 10] }).observe(3);
    metrics.collectProcessMetrics();
    const { contentType, body } = await metrics.text();
    expect(contentType).to.match(/^text\/plain/);
    expect(body).to.include('# TYPE assay_jobs_total counter\nassay_jobs_total{state="done"} 3');
    expect(body).to.include("assay_lag_blocks 7");
    expect(body).to.include('assay_run_seconds_bucket{le="10"} 1').and.include("assay_run_seconds_sum 3");
    expect(body).to.include("process_resident_memory_bytes");
  });

  it("keeps two sets apart", async () => {
    new PrometheusMetrics().counter({ name: "a_total", help: "A" }).inc();
    expect((await new PrometheusMetrics().text()).body.trim()).to.equal("");
  });
});
