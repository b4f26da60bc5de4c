// The state of a run of ZipML's stochastic steps, in linear memory. The bindings write the fields in this order (bindings/engine/zipml-run.ts lists the
// same names; a test compares the two). Vectors: columns f32 each, 16-byte aligned.

/** How a sample enters the gradient; the order is part of the contract with the bindings. */
export const enum Estimator {
  SINGLE = 0,
  DOUBLE = 1,
  SYMMETRISED = 2,
  POLYNOMIAL = 3,
}

/** Which value of a column's interval a sample takes. */
export const enum Rounding {
  NEAREST = 0,
  STOCHASTIC = 1,
}

/** What a row is divided by before its values are rounded to levels. */
export const enum Scaling {
  COLUMN = 0,
  ROW_MAX = 1,
  ROW_L2 = 2,
}

/** When the exact row of a hinge loss is fetched. */
export const enum Refetch {
  NONE = 0,
  L1 = 1,
  MIDPOINT = 2,
  HOEFFDING = 3,
  SKETCH = 4,
}

@unmanaged
export class ZipmlRun {
  /** Unit values, float32: rows × strideBytes; 0 where the store alone is read. */
  exact: usize;
  strideBytes: u32;
  rows: u32;
  /** Padded columns, multiple of 32. */
  columns: u32;
  /** Columns of data; the intercept's, if any, follows. */
  cols: u32;
  hasIntercept: u32;
  /** Rows of bit-planes, or 0: rows are rounded anew at every visit. */
  store: usize;
  /** From a row of planes to the next, and from a plane to the next. */
  rowBytes: u32;
  planeBytes: u32;
  /** Planes of the (base) index that are read. */
  planes: u32;
  /** Up-bits behind them, one plane per sample; 0: the index is the level itself. */
  ups: u32;
  estimator: i32;
  /** Samples per row; 0: the exact row is read. */
  samples: u32;
  rounding: i32;
  scaling: i32;
  /** Scales of stored rows: rows f32, or 0. */
  scales: usize;
  /** Levels: value = (low + width·index)·scale; inverse = 1/width, or 0. Columns that are never rounded have width 0. */
  low: usize;
  width: usize;
  inverse: usize;
  /** Largest base index: intervals − 1. */
  last: f32;
  /** Levels that are not uniform: count f32; or 0. */
  table: usize;
  count: u32;
  /** Scratch: a row in its scale, base indices, fractions, indices (columns f32 each), codes and up-bits (columns u8 each). */
  scaled: usize;
  base: usize;
  fraction: usize;
  index: usize;
  codes: usize;
  bits: usize;
  /** samples × columns f32, and one row more for refetching by midpoints. */
  values: usize;
  labels: usize;
  /** Weights ωᵢ: rows f32, or 0. */
  weights: usize;
  loss: i32;
  threshold: f32;
  /** The model, what the dots see of it, and the gradient of a step. */
  w: usize;
  seen: usize;
  gradient: usize;
  /** Mean variances D̄ of the samples, or 0. */
  correction: usize;
  /** 1/(1 + alpha·r). */
  shrink: usize;
  /** Intervals per sign of the rounded model and gradient; 0: not rounded. */
  modelLimit: f32;
  gradientLimit: f32;
  /** 1: by the Euclidean norm; 0: by the largest entry. */
  isNorm: u32;
  alpha: f32;
  /** 1/batch. */
  share: f32;
  batch: u32;
  /** Chebyshev coefficients of σ(−t) on ±radius: degree + 1 f32. */
  coefficients: usize;
  degree: u32;
  /** 1/radius. */
  inverseRadius: f32;
  /** Largest ‖w‖₂; 0: any. */
  ball: f32;
  /** Sums of the iterates: columns f64; or 0. */
  average: usize;
  averaged: u32;
  refetch: i32;
  /** √(½ ln(2/failure)). */
  confidence: f32;
  /** What float32 sums of margins may be off by, per unit of ‖w‖₁. */
  slack: f32;
  /** Widest intervals: columns f32, 0 where nothing is rounded. */
  spread: usize;
  /** Of the present step: how far a margin may be off by rounding to levels, per unit of the row's scale, and by float32. */
  bound: f32;
  margin: f32;
  /** Sketches: rows × sketchSize f32, their rows' norms, the projection (sketchSize × columns f32), and the model's sketch. */
  sketches: usize;
  norms: usize;
  projection: usize;
  sketch: usize;
  sketchSize: u32;
  /** Eight xorshift32 streams of coins, 16-byte aligned. */
  lanes: usize;
  /** xorshift32 state of the row indices. */
  scalar: u32;
  /** Rows whose exact row was fetched, and margins beyond the polynomial's radius, since `begin`. */
  refetched: u32;
  outside: u32;
}
