// Preconditioned conjugate gradients, Hestenes & Stiefel 1952, for the Newton solvers: vectors in float64, the matrix as a function.
import type { Core } from "../../engine/core.js";
import type { Work } from "../../engine/work.js";

/** Passes over vectors per product with H. */
const VECTOR_PASSES = 8;
/** A solve ends after so many products at the latest. */
const MOST_PRODUCTS = 150;

/** A linear system H·z = right-hand side, and work space: pointers to `size` f64 each. */
export interface LinearSystem {
  readonly core: Core;
  readonly size: number;
  /** Right-hand side, then the residual. */
  readonly r: number;
  /** The solution. */
  readonly z: number;
  readonly y: number;
  readonly p: number;
  readonly hp: number;
  /** hp = H·p. */
  multiply(p: number, hp: number): Work<void>;
  /** y ← M⁻¹·y in place, M ≈ H. */
  precondition(y: number): Work<void>;
}

export interface Solution {
  /** Whether the residual fell as far as it should. */
  readonly isSolved: boolean;
  /** Products with H it took. */
  readonly products: number;
  /** rᵀM⁻¹r of the right-hand side. */
  readonly norm: number;
  /** What turned out not to be positive definite on the way, if anything: H, or M (a norm that is negative or no number). z is what was found before. */
  readonly fault: "matrix" | "preconditioner" | null;
}

/** Whether it is the square of a norm: negative numbers are not, nor is what has overflowed. */
function isNorm(square: number): boolean {
  return square >= 0 && square < Number.POSITIVE_INFINITY;
}

/** From z = 0 until rᵀM⁻¹r has fallen to the part forcing², or to `enough`. */
export function* conjugateGradients(system: LinearSystem, forcing: number, enough = 0): Work<Solution> {
  const { core, size, z, r, y, p, hp } = system;
  const { kernels } = core;
  const copy = (from: number, to: number): void => {
    core.f64(to, size).set(core.f64(from, size));
  };
  core.f64(z, size).fill(0);
  copy(r, y);
  yield* system.precondition(y);
  copy(y, p);
  const norm = kernels.dotF64(r, y, size);
  if (!isNorm(norm)) return { isSolved: false, products: 0, norm, fault: "preconditioner" };
  if (norm <= enough) return { isSolved: true, products: 0, norm, fault: null };
  const target = Math.max(forcing * forcing * norm, enough);
  let rz = norm;
  // functions of their own: a loop inside a generator is not optimised while it runs
  /** Goes along p; false where it has no curvature. */
  const step = (): boolean => {
    const curved = kernels.dotF64(p, hp, size);
    if (!(curved > 0)) return false;
    const length = kernels.dotF64(p, r, size) / curved;
    kernels.addScaled(z, length, p, size);
    kernels.addScaled(r, -length, hp, size);
    copy(r, y);
    return true;
  };
  /** The next direction, unless the residual is small enough or has no norm; the square of that. */
  const turn = (): number => {
    const next = kernels.dotF64(r, y, size);
    if (next > target) kernels.combine(p, next / rz, 1, y, size);
    rz = next;
    return next;
  };
  for (let products = 1; products <= MOST_PRODUCTS && rz > 0; products++) {
    if (core.isDue(VECTOR_PASSES * size)) yield;
    yield* system.multiply(p, hp);
    if (core.isDue(VECTOR_PASSES * size)) yield;
    if (!step()) return { isSolved: false, products, norm, fault: "matrix" };
    yield* system.precondition(y);
    const left = turn();
    if (!isNorm(left)) return { isSolved: false, products, norm, fault: "preconditioner" };
    if (left <= target) return { isSolved: true, products, norm, fault: null };
  }
  return { isSolved: false, products: MOST_PRODUCTS, norm, fault: null };
}
