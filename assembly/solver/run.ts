// The state of one inner run, in linear memory. The bindings write the fields in this order (bindings/engine/run.ts lists the same
// names; a test compares the two): first the 8-byte fields, then the 4-byte ones.

@unmanaged
export class Run {
  /** Step size in code coordinates: stepSize/Q². */
  alpha: f64;
  /** Value of one unit of z; 1 when z is float32. */
  delta: f64;

  /** Codes: rows × strideBytes. */
  codes: usize;
  strideBytes: u32;
  rows: u32;
  /** Padded columns, multiple of 32, the intercept's among them. */
  columns: u32;
  classes: u32;
  /** z: classes × columns of the model's storage type. */
  z: usize;
  /** Dense gradient per step in code coordinates: classes × columns f64. */
  gradient: usize;
  /** r = l2/scale²: columns f64. */
  ridge: usize;
  /** alpha·p·gradient/delta: classes × columns f32, written by flush.prepare. */
  drift: usize;
  /** 1/(1 + alpha·p·r): columns f32, written by flush.prepare. */
  shrink: usize;
  /** The p that drift and shrink are made for; 0: none yet. */
  preparedSteps: u32;
  /** Anchor state per row and class: rows × classes f32 (loss.state). */
  state: usize;
  /** Integer dots at the anchor: rows × classes f64, or 0 when they are all zero. */
  base: usize;
  /** SAGA: the derivative differences last seen of every row, rows × classes f32; or 0. */
  table: usize;
  /** SAGA: z after the last flush, as z; or 0. */
  previous: usize;
  /** Labels: rows f32. */
  labels: usize;
  /** Weights ωᵢ: rows f32, or 0. */
  weights: usize;
  /** For int8 or packed codes with int8 z: Σ |code| over the negative codes of each row, rows i32; or 0. */
  negatives: usize;
  /** Packed codes: their table of levels and their mask (kernel/packed.ts); or 0. */
  levels: usize;
  mask: usize;
  /** Dots of the current row with z: classes f64. */
  dots: usize;
  /** Margin changes, then derivative (differences): classes f32, padded to a multiple of 4. */
  changes: usize;
  /** Coefficients k of the classes: i32, padded to a multiple of 4; for float32 z kappa itself, f32. */
  coefficients: usize;
  /** Their shifts s: i32, padded to a multiple of 4. */
  shifts: usize;
  /** Batches: groups of four rows per step (codes are then tiles, rows and strideBytes those of groups); or 0. */
  groups: u32;
  /** Batches: z as their dots read it, 2·columns bytes. */
  seen: usize;
  /** Batches: Σ codes of each row, i32. */
  sums: usize;
  /** Dense term of the published step: classes × columns int16. */
  published: usize;
  /** Eight u16 random lanes, 16-byte aligned, then eight u16 of rounding offsets. */
  lanes: usize;
  /** xorshift32 state. */
  scalar: u32;
  /** Current row. */
  row: u32;
  /** Adjacent rows visited per row drawn: 1 samples uniformly, more in blocks. */
  rowsPerDraw: u32;
  /** Rows of the present block still to come. */
  rowsLeft: u32;
  /** What fetching a block has read: of no use, but loads without any are left out. */
  fetched: i32;
  loss: i32;
  /** Huber's τ. */
  threshold: f32;
  /** float32 of delta. */
  deltaScale: f32;
  /** float32 of −alpha/delta. */
  factor: f32;
  /** Steps per block, with half of the block's dense term before and half after it; 0: nothing dense, never. */
  flushEvery: u32;
  /** Steps of the run from the present block's first on. */
  remaining: u32;
  /** Steps of the present block, and how many of them are done. */
  block: u32;
  position: u32;
  /** 1 stochastic, 0 nearest. */
  stochastic: u32;
  /** 1: derivative differences around the anchor (SVRG, HALP); 0: the derivative itself (SGD). */
  centred: u32;
}
