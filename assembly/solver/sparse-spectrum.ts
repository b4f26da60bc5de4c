// The constants of solver/spectrum.ts for sparse rows of int8 codes. The intercept is not stored: its code is the same in every row.
import { sparse } from "../kernel/sparse";

@unmanaged
export abstract class sparseSpectrum {
  /** maxᵢ ωᵢ·(‖codeᵢ‖² + intercept²). starts: (rows + 1) u32; weights: rows f64, or 0. */
  static maxRowNorm(starts: usize, codes: usize, rows: i32, intercept: f64, weights: usize): f64 {
    let top: f64 = 0;
    for (let row: usize = 0; row < <usize>rows; row++) {
      let sum = intercept * intercept;
      const end = <usize>load<u32>(starts + (row << 2), 4);
      for (let e = <usize>load<u32>(starts + (row << 2)); e < end; e++) {
        const code = <f64>load<i8>(codes + e);
        sum += code * code;
      }
      top = max(top, weights ? load<f64>(weights + (row << 3)) * sum : sum);
    }
    return top;
  }

  /**
   * Largest eigenvalue of Σ weightᵢ·codeᵢcodeᵢᵀ/rows by power iterations from p; the last Rayleigh quotient. The intercept, where it is not 0, is the last coordinate.
   * weights: rows f64, or 0 for all ones; p: start vector, overwritten, q: scratch: columns (+ 1) f64; t: scratch, rows f64; shift: scratch, one f64.
   */
  static largestEigenvalue(
    starts: usize,
    indices: usize,
    codes: usize,
    rows: i32,
    columns: i32,
    intercept: f64,
    weights: usize,
    iterations: i32,
    p: usize,
    q: usize,
    t: usize,
    shift: usize,
  ): f64 {
    const own = (<usize>columns) << 3;
    const bytes = own + (intercept != 0 ? 8 : 0);
    let start: f64 = 0;
    for (let j: usize = 0; j < bytes; j += 8) start += load<f64>(p + j) * load<f64>(p + j);
    if (start == 0) return 0;
    for (let j: usize = 0; j < bytes; j += 8) store<f64>(p + j, load<f64>(p + j) / sqrt(start));
    let quotient: f64 = 0;
    for (let i = 0; i < iterations; i++) {
      store<f64>(shift, intercept != 0 ? intercept * load<f64>(p + own) : 0);
      sparse.margins<i8>(starts, indices, codes, 0, rows, p, 1, shift, 1, t);
      let total: f64 = 0;
      for (let row: usize = 0; row < (<usize>rows) << 3; row += 8) {
        const part = weights ? load<f64>(t + row) * load<f64>(weights + row) : load<f64>(t + row);
        store<f64>(t + row, part);
        total += part;
      }
      for (let j: usize = 0; j < own; j += 8) store<f64>(q + j, 0);
      sparse.gradient<i8>(starts, indices, codes, 0, rows, t, 1, q, 1);
      if (intercept != 0) store<f64>(q + own, intercept * total);
      let dotted: f64 = 0;
      let norm: f64 = 0;
      for (let j: usize = 0; j < bytes; j += 8) {
        const value = load<f64>(q + j) / <f64>rows;
        dotted += value * load<f64>(p + j);
        norm += value * value;
      }
      quotient = dotted;
      if (norm == 0) return 0;
      const scale = 1 / sqrt(norm) / <f64>rows;
      for (let j: usize = 0; j < bytes; j += 8) store<f64>(p + j, load<f64>(q + j) * scale);
    }
    return quotient;
  }
}
