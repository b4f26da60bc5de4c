// What the Newton solvers ask of the arithmetic they run on. The package has two, bytes (byte-products.ts) and sparse rows (sparse-products.ts); the float32 twin
// of the first lives in bench/twin, so that the two can be compared with everything else equal.
import type { ByteMatrix, ByteView, Frame } from "../../data/dataset.js";
import type { GradientFacts, Problem } from "../../data/problem.js";
import type { SparseBytes, SparseView } from "../../data/sparse-source.js";
import type { Scope } from "../../engine/core.js";
import type { Work } from "../../engine/work.js";

/** Rows as one arithmetic reads them: who made them looks inside. */
export type RowMatrix = ByteMatrix | SparseBytes;

/** Coordinates, the rows of the Hessian products, and those of the exact passes where they are such rows too. */
export type RowView = ByteView | SparseView;

/** Rows of a Hessian, with the curvature of each: h (one margin) or the probabilities p (softmax). Pointers to float32. */
export interface Curvature {
  readonly h: number;
  readonly p: number;
  readonly weights: number;
}

/** Labels and weights of the rows, as the kernels want them: pointers. */
export interface RowFacts {
  readonly rows: number;
  readonly labels: { readonly f64: number; readonly f32: number };
  readonly weights: { readonly f64: number; readonly f32: number };
}

/** Rows with the curvature of each: what Hessian products and preconditioners are made of. */
export interface CurvedRows {
  readonly matrix: RowMatrix;
  readonly curvature: Curvature;
  readonly rows: number;
}

/** Sums of a weighted Gram matrix over stored values b: Σ d·b·bᵀ, upper part (columns² f64), and Σ d·b (columns f64). Pointers, zeroed by the caller. */
export interface GramSums {
  readonly squares: number;
  readonly first: number;
}

/** How margins and gradients of some rows are computed. */
export interface ExactPasses {
  /** u = X·z, rows × outputs f64; z may be rounded in place, up to scales·error² ≤ allowed, to what the pass can multiply exactly. */
  multiply(z: number, u: number, scales: number, allowed: number): Work<void>;
  /**
   * Full gradient at v from derivatives c into g; what it may miss is small against its norm in code coordinates, or against `size` of it where that is given.
   */
  gradient(v: number, c: number, g: number, size?: () => number): Work<GradientFacts>;
}

/** Products of a matrix of stored values with vectors in code coordinates. */
export interface Products extends ExactPasses {
  readonly matrix: RowMatrix;
  /** code = factor·(stored + shift): padded f64 each. */
  readonly factor: number;
  readonly shift: number;
  /** out = (Σ ωᵢ·loss″ᵢ·xᵢxᵢᵀ/rows + ridge)·p; p, out: outputs × padded f64, ridge: padded f64. */
  hessian(p: number, curvature: Curvature, ridge: number, out: number): Work<void>;
  /** Adds the rows of `matrix`, weighted by d = weight (rows f32, the largest is top > 0), to `sums`; returns Σ d. */
  gram(scratch: Scope, matrix: RowMatrix, weight: number, top: number, sums: GramSums): Work<number>;
  /** q[j] += Σ d·b², s[j] += Σ d·b over the first `rows` rows of `matrix`; weight: rows f32, or 0 for ones; q, s: cols f64. Returns Σ d. */
  moments(matrix: RowMatrix, rows: number, weight: number, q: number, s: number): Work<number>;
}

export interface Arithmetic {
  /** The rows as these products read them. */
  view(problem: Problem): Work<RowView>;
  /** Passes over the exact copy of all rows, where the view has no matrix for them. */
  exact(scope: Scope, problem: Problem, frame: Frame): Work<ExactPasses>;
  /** Products with `matrix`; `hasGradient` false: only Hessian products will be asked for. */
  products(scope: Scope, problem: Problem, frame: Frame, matrix: RowMatrix, hasGradient: boolean): Work<Products>;
}
