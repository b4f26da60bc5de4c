// What the solvers ask of an inner loop: dense rows (inner-run.ts) and sparse ones (lazy-run.ts) are run alike.
import type { RowValues } from "../../data/problem.js";
import type { CodeStorage } from "../../engine/kernels.js";
import type { Work } from "../../engine/work.js";

/** What both kinds of rows need to know. */
export interface LoopSettings {
  readonly model: CodeStorage;
  /** Step size in code coordinates. */
  readonly alpha: number;
  readonly isStochastic: boolean;
  /** Derivative differences around an anchor, with its full gradient as dense term (SVRG, HALP), or plain derivatives (SGD). */
  readonly isCentred: boolean;
  /** Remember the derivative last seen of every row (SAGA). */
  readonly hasTable?: boolean;
  /** Keep the dots at the anchor (LP-SVRG). */
  readonly hasBase: boolean;
}

export interface InnerResult {
  readonly steps: number;
  readonly saturated: number;
}

export interface InnerLoop {
  /** z: outputs × padded, in the model's storage. */
  readonly z: number;
  /** Dense gradient per step, code coordinates: outputs × padded f64. */
  readonly gradient: number;
  /** Where the full gradient goes: `gradient`, or the published step's array. */
  readonly gradientTarget: number;
  /** r = l2/scale²: padded f64. */
  readonly ridge: number;
  /** What an exact pass leaves per row: the states are those of the anchor. */
  readonly values: RowValues;
  /** Elements of z. */
  readonly size: number;
  /** Takes over the states of an exact pass that has written `values`. */
  takeStates(): Work<void>;
  /** Sets what stands for columns that steps cannot move to 0; values: outputs × padded f64. */
  clearMasked(values: number): void;
  /** Dots of all rows with the present z, for LP-SVRG's control variate. */
  fillBase(): Work<void>;
  /** `steps` stochastic steps from the present z with the unit `delta` (1 for float32 z), as outer step `outerStep` of `seed`. */
  advance(seed: number, outerStep: number, steps: number, delta: number, isOptionTwo: boolean): Work<InnerResult>;
}

export const MODEL_BYTES: Record<CodeStorage, number> = { I8: 1, I16: 2, F32: 4 };
/** Keeps a factor finite: infinity times a derivative of 0 would be NaN. */
export const LARGEST_FLOAT32 = (2 - 2 ** -23) * 2 ** 127;
