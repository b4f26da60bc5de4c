// What every Newton run holds in linear memory, whatever the loss: l2's part of the Hessian, integer products, work space, preconditioner.
import type { ByteView } from "../data/dataset.js";
import type { Problem } from "../data/problem.js";
import type { Scope } from "../engine/core.js";
import { ByteProducts } from "./byte-products.js";
import { Buffers, type ExactPasses } from "./newton-system.js";
import { Preconditioner } from "./preconditioner.js";

export interface NewtonMemory {
  /** l2's part of the Hessian: padded f64. */
  readonly ridge: number;
  readonly products: ByteProducts;
  /** Passes over the exact copy: the same integers where that is the bytes themselves. */
  readonly passes: ExactPasses;
  readonly buffers: Buffers;
  readonly preconditioner: Preconditioner;
  /** State of a generator: u32, not 0. */
  readonly random: number;
}

export function newtonMemory(scope: Scope, problem: Problem, view: ByteView, seed: number): NewtonMemory {
  const { core, dataset } = problem;
  const { frame, inner, exact } = view;
  const ridge = scope.alloc(frame.padded * 8, "the regulariser");
  core.kernels.ridge(frame.scale, dataset.cols, frame.padded, problem.l2, ridge);
  const random = scope.alloc(4, "a random state");
  core.view().setUint32(random, (Math.imul(seed, 0x9e3779b1) ^ 0x85ebca6b) >>> 0 || 1, true);
  const products = new ByteProducts(scope, problem, frame, inner, exact === inner);
  const buffers = new Buffers(scope, problem, frame, dataset.rows);
  const preconditioner = new Preconditioner(problem, frame, products, ridge);
  const passes = exact === inner ? products : exactPasses(scope, problem, view);
  return { ridge, products, passes, buffers, preconditioner, random };
}

/** Passes over the exact copy: integers where it is bytes, else float64. */
function exactPasses(scope: Scope, problem: Problem, { frame, exact }: ByteView): ExactPasses {
  if (exact !== null) return new ByteProducts(scope, problem, frame, exact, true);
  return {
    multiply: (z, u) => problem.exactMargins(frame, z, u),
    gradient: (v, c, g) => problem.exactGradient(frame, v, c, g),
  };
}
