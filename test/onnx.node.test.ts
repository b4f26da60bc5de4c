// ONNX files in ONNX Runtime itself, where it is installed: ONNXRUNTIME_NODE_INSTALL_CUDA=skip npm ci --prefix test/peers.
import { createRequire } from "node:module";
import { describe, it } from "vitest";
import { toOnnx } from "../bindings/io/index.js";
import { ONNX_CASES } from "./onnx-cases.js";
import type { Tensor } from "./oracle/onnx.js";
import { checkOutputs, type Precision } from "./support/onnx-checkers.js";

interface RuntimeTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: ArrayLike<number | bigint | string>;
}
interface Runtime {
  readonly Tensor: new (type: string, data: ArrayLike<number>, dims: readonly number[]) => RuntimeTensor;
  readonly InferenceSession: {
    create(bytes: Uint8Array): Promise<{
      readonly inputNames: readonly string[];
      readonly outputNames: readonly string[];
      run(feeds: Readonly<Record<string, RuntimeTensor>>): Promise<Readonly<Record<string, RuntimeTensor>>>;
    }>;
  };
}

function load(): Runtime | undefined {
  try {
    return createRequire(new URL("peers/package.json", import.meta.url))("onnxruntime-node") as Runtime;
  } catch {
    return undefined;
  }
}

const runtime = load();
if (runtime === undefined) console.log("skipped: onnxruntime-node is absent (npm ci --prefix test/peers)");

const TYPES: Record<string, Tensor["type"]> = { float32: "float", float64: "double", int64: "int64", string: "string" };

const PRECISIONS: readonly Precision[] = [
  { precision: "float64", input: "float32" },
  { precision: "float64", input: "float64" },
  { precision: "float32", input: "float32" },
];

describe.skipIf(runtime === undefined)("ONNX Runtime", () => {
  describe.each(PRECISIONS)("$precision, input $input", (precision) => {
    it.each(ONNX_CASES)("$name", async ({ model, data, rows }) => {
      const { Tensor, InferenceSession } = runtime as Runtime;
      const session = await InferenceSession.create(toOnnx(model, precision));
      const typed = precision.input === "float32" ? Float32Array.from(data) : data;
      const results = await session.run({ X: new Tensor(precision.input, typed, [rows, model.cols]) });
      const outputs = Object.entries(results).map(([name, { type, dims, data: values }]): [string, Tensor] => [
        name,
        {
          type: TYPES[type] as Tensor["type"],
          shape: dims,
          values: Array.from(values, (v) => (typeof v === "bigint" ? Number(v) : v)),
        },
      ]);
      checkOutputs(model, precision, data, rows, Object.fromEntries(outputs));
    });
  });
});
