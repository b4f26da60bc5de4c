// What every Newton run holds in linear memory, whatever the loss: l2's part of the Hessian, integer products, work space, preconditioner.
import type { Problem } from "../../data/problem.js";
import type { Scope } from "../../engine/core.js";
import type { Work } from "../../engine/work.js";
import { Damping } from "./damping.js";
import { L1Model } from "./l1-model.js";
import { Buffers } from "./newton-system.js";
import { Preconditioner } from "./preconditioner.js";
import type { Arithmetic, ExactPasses, Products, RowView } from "./products.js";

/** Multiply-adds that a column takes as long as, with two divisions in memory used for the first time. */
const RIDGE_PRICE = 16;

export interface NewtonMemory {
  /** l2's part of the Hessian: padded f64. */
  readonly ridge: number;
  readonly damping: Damping;
  readonly products: Products;
  /** Passes over the exact copy: the products themselves where they are made of it. */
  readonly passes: ExactPasses;
  readonly buffers: Buffers;
  readonly preconditioner: Preconditioner;
  /** State of a generator: u32, not 0. */
  readonly random: number;
}

export function* newtonMemory(
  scope: Scope,
  problem: Problem,
  arithmetic: Arithmetic,
  view: RowView,
  seed: number,
): Work<NewtonMemory> {
  const { core, dataset } = problem;
  const { frame, inner, exact } = view;
  if (core.isDue(RIDGE_PRICE * frame.padded)) yield;
  const ridge = scope.alloc(frame.padded * 8, "the regulariser");
  core.kernels.ridge(frame.scale, dataset.cols, frame.padded, problem.l2, ridge);
  const random = scope.alloc(4, "a random state");
  core.view().setUint32(random, (Math.imul(seed, 0x9e3779b1) ^ 0x85ebca6b) >>> 0 || 1, true);
  const isSame = exact === inner;
  const products = yield* arithmetic.products(scope, problem, frame, inner, isSame);
  const buffers = yield* Buffers.create(scope, problem, frame, dataset.rows);
  const damping = new Damping(scope, problem, frame, ridge);
  const preconditioner =
    problem.l1 > 0
      ? new L1Model(scope, problem, frame, products, ridge)
      : new Preconditioner(problem, frame, products, damping.total);
  const passes = isSame
    ? products
    : exact === null
      ? yield* arithmetic.exact(scope, problem, frame)
      : yield* arithmetic.products(scope, problem, frame, exact, true);
  return { ridge, damping, products, passes, buffers, preconditioner, random };
}
