/// <reference lib="esnext.disposable" preserve="true" />
// createEngine: the public handle on one module instance and its memory; makes datasets and problems.
import { Core } from "../engine/core.js";
import type { Variant } from "../engine/load.js";
import { Meter } from "../engine/meter.js";
import { finish, type Work } from "../engine/work.js";
import { BitcenterError, show } from "../errors.js";
import { checkNames, number, oneOf } from "../options.js";
import { Dataset, type DatasetOptions } from "./dataset.js";
import type { MatrixInput } from "./matrix.js";
import { Problem, type ProblemOptions } from "./problem.js";

export interface EngineOptions {
  /** Force a module; default: relaxed SIMD where it is offered and sound, else baseline. */
  readonly variant?: Variant;
  /** A module compiled by the caller, for hosts that forbid compiling (see the exports kernels.wasm, kernels.relaxed.wasm). */
  readonly module?: WebAssembly.Module;
  /** Most bytes of linear memory this engine may take, from 128 KiB to 4 GiB (the default; the last page stays unused). */
  readonly maxBytes?: number;
}

export class Engine {
  /** Which module runs; results do not depend on it. */
  readonly variant: Variant;
  readonly #core: Core;

  /** @internal Use createEngine. */
  constructor(options: EngineOptions) {
    this.#core = new Core(options);
    this.variant = this.#core.variant;
  }

  /** Bytes of linear memory in use. */
  get bytes(): number {
    return this.#core.isDisposed ? 0 : this.#core.arena.used;
  }

  /** For the bytes of one piece of work, where several share this engine. @internal */
  meter(): Meter {
    return new Meter(this.#core.arena);
  }

  /**
   * Copies rows into linear memory; they are quantised when a problem first needs them.
   * @param input rows × cols values; typed arrays row-major, or an array of rows. Never changed.
   * @param labels one number per row: targets, ±1, 0/1 or class numbers; null for rows that are only to be predicted.
   * @throws BitcenterError BAD_SHAPE, BAD_VALUE (NaN or infinity, with row and column), EMPTY, BAD_OPTION, OUT_OF_MEMORY
   */
  dataset(input: MatrixInput, labels: ArrayLike<number> | null, options?: DatasetOptions): Dataset {
    return finish(this.datasetWork(input, labels, options));
  }

  /** `dataset`, with pauses. @internal */
  *datasetWork(input: MatrixInput, labels: ArrayLike<number> | null, options?: DatasetOptions): Work<Dataset> {
    this.#core.arena;
    return yield* Dataset.create(this.#core, input, labels, options);
  }

  /**
   * Binds a dataset to a loss.
   * @throws BitcenterError ONE_CLASS, BAD_VALUE (labels that do not fit the loss), BAD_OPTION, DISPOSED, OUT_OF_MEMORY
   */
  problem(dataset: Dataset, options: ProblemOptions): Problem {
    return finish(this.problemWork(dataset, options));
  }

  /** `problem`, with pauses. @internal */
  *problemWork(dataset: Dataset, options: ProblemOptions): Work<Problem> {
    this.#core.arena;
    if (!(dataset instanceof Dataset)) {
      throw new BitcenterError("BAD_OPTION", `problem: expected a dataset of this engine, given ${show(dataset)}`);
    }
    if (dataset.core !== this.#core) {
      throw new BitcenterError("BAD_OPTION", "problem: the dataset belongs to another engine");
    }
    return yield* Problem.create(dataset, options);
  }

  /** Frees all memory of this engine; its datasets and problems can no longer be used. Calling it again does nothing. */
  dispose(): void {
    this.#core.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/**
 * Instantiates the kernels: synchronous, the modules are inlined.
 * @throws BitcenterError UNSUPPORTED when a forced variant does not run here, BAD_OPTION
 */
export function createEngine(options: EngineOptions = {}): Engine {
  const where = "createEngine";
  checkNames(where, options, ["variant", "module", "maxBytes"]);
  if (options.variant !== undefined) {
    oneOf(where, "variant", options.variant, ["baseline", "relaxed"] as const, "baseline");
  }
  number(where, "maxBytes", options.maxBytes, { min: 2 ** 17, max: 2 ** 32 }, 0);
  if (options.module !== undefined && !(options.module instanceof WebAssembly.Module)) {
    throw new BitcenterError(
      "BAD_OPTION",
      `createEngine: module must be a WebAssembly.Module, given ${show(options.module)}`,
    );
  }
  return new Engine(options);
}
