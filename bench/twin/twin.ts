// The float32 twin of the default solver: `auto` itself, its phases and rules, on float32 rows instead of bytes. What it costs to solve the same problem
// with four times the bytes and a quarter of the lanes, everything else equal.
import { Dataset } from "../../bindings/data/dataset.js";
import { Problem, type ProblemOptions } from "../../bindings/data/problem.js";
import type { RawRows } from "../../bindings/data/raw-rows.js";
import { rawStride } from "../../bindings/data/raw-rows.js";
import { Core, type Scope } from "../../bindings/engine/core.js";
import { finish, reportsOf } from "../../bindings/engine/work.js";
import type { NumericArray } from "../../bindings/index.js";
import { type AutoOptions, autoSteps, type NewtonReport } from "../../bindings/solvers/newton/newton.js";
import type { TwinKernels } from "./compile.js";
import { type ExactWhen, realArithmetic } from "./real-products.js";

/** Rows per call of the conversion: their bytes are in cache, and short calls are soon replaced by better code. */
const ROWS_PER_CALL = 256;

/** Rows of integers become float32, and the integers are given back. */
function toReals(core: Core, scope: Scope, raw: RawRows): RawRows {
  const { storage, pointer, strideBytes: from, rows, cols } = raw;
  if (storage === "F32") return raw;
  if (storage === "F64") throw new Error("the twin does not round: float64 rows must be float32 values");
  const strideBytes = rawStride("F32", cols);
  const to = scope.alloc(rows * strideBytes, "float32 rows");
  const widen = (core.kernels as TwinKernels)[`widen${storage}`];
  for (let row = 0; row < rows; row += ROWS_PER_CALL) {
    const count = Math.min(ROWS_PER_CALL, rows - row);
    widen(pointer + row * from, from, count, cols, to + row * strideBytes, strideBytes);
  }
  scope.free(pointer);
  return { storage: "F32", pointer: to, strideBytes, rows, cols };
}

export interface TwinInput {
  readonly data: NumericArray;
  readonly rows: number;
  readonly cols: number;
}

export class Twin {
  readonly problem: Problem;
  readonly #core: Core;

  /** module: of compile.ts. */
  constructor(module: WebAssembly.Module, input: TwinInput, labels: ArrayLike<number>, options: ProblemOptions) {
    const core = new Core({ module });
    this.#core = core;
    const dataset = finish(Dataset.create(core, input, labels, {}, (scope, raw) => toReals(core, scope, raw)));
    this.problem = finish(Problem.create(dataset, options));
  }

  auto(options: AutoOptions, when: ExactWhen): Generator<NewtonReport, void, undefined> {
    return reportsOf(autoSteps(this.problem, options, realArithmetic(when)));
  }

  dispose(): void {
    this.#core.dispose();
  }
}
