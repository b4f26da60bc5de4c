// A problem posed twice, for an engine and for the oracle, on every storage type.
import {
  createEngine,
  type DatasetOptions,
  type Engine,
  type LossName,
  type MatrixInput,
  type NewtonReport,
  type Problem,
} from "../../bindings/index.js";
import type { Problem as Exact } from "../oracle/objective.js";
import type { Sample } from "./data.js";

const TAU = 0.7;

export interface Posed {
  readonly engine: Engine;
  readonly problem: Problem;
  readonly exact: Exact;
}

export function pose(
  loss: LossName,
  sample: Sample,
  input: MatrixInput,
  values: ArrayLike<number>,
  options: {
    readonly l2?: number;
    readonly fitIntercept?: boolean;
    readonly dataset?: DatasetOptions;
    readonly variant?: "baseline" | "relaxed";
  } = {},
): Posed {
  const { rows, cols, labels } = sample;
  const { l2 = 1e-3, fitIntercept = true, dataset = {}, variant } = options;
  const engine = createEngine(variant === undefined ? {} : { variant });
  const problem = engine.problem(engine.dataset(input, labels, dataset), { loss, l2, fitIntercept, epsilon: TAU });
  const isBinary = loss === "logistic" || loss === "squaredHinge" || loss === "hinge";
  const exact: Exact = {
    values: Float64Array.from(values),
    rows,
    cols,
    labels: isBinary ? labels.map((y) => (y > 0 ? 1 : -1)) : labels,
    loss,
    tau: TAU,
    classes: problem.outputs,
    l2,
    intercept: fitIntercept,
    ...(dataset.sampleWeight !== undefined && { weights: dataset.sampleWeight }),
  };
  return { engine, problem, exact };
}

/** The last report of a run. */
export function last(reports: Iterable<NewtonReport>): NewtonReport {
  const all = [...reports];
  return all.at(-1) as NewtonReport;
}

/** The sample's values as another storage type would hold them. */
export const STORAGES: Readonly<Record<string, (sample: Sample) => { data: MatrixInput; options?: DatasetOptions }>> = {
  float64: ({ data, rows, cols }) => ({ data: { data, rows, cols } }),
  float32: ({ data, rows, cols }) => ({ data: { data: Float32Array.from(data), rows, cols } }),
  int16: ({ data, rows, cols }) => ({ data: { data: Int16Array.from(data, (x) => 3000 * x), rows, cols } }),
  uint8: ({ data, rows, cols }) => ({ data: { data: Uint8Array.from(data, (x) => 128 + 30 * x), rows, cols } }),
  int8: ({ data, rows, cols }) => ({ data: { data: Int8Array.from(data, (x) => 30 * x), rows, cols } }),
  "16-bit data": ({ data, rows, cols }) => ({
    data: { data: Float32Array.from(data), rows, cols },
    options: { bits: 16 },
  }),
};

export function valuesOf(input: MatrixInput): ArrayLike<number> {
  return (input as { data: ArrayLike<number> }).data;
}
