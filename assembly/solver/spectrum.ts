// Constants of the problem that set step sizes: the largest row norm and the largest eigenvalue of codesᵀcodes/n.
// docs/numerics.md §8.
import { exact } from "../kernel/exact";

@unmanaged
export abstract class spectrum {
  /** maxᵢ ωᵢ·‖codeᵢ‖². weights: rows f64, or 0. */
  static maxRowNorm<X>(codes: usize, strideBytes: usize, rows: i32, columns: i32, weights: usize): f64 {
    let top: f64 = 0;
    for (let row = 0; row < rows; row++) {
      let sum: f64 = 0;
      for (let j: usize = 0; j < <usize>columns; j++) {
        const code = <f64>load<X>(codes + j * sizeof<X>());
        sum += code * code;
      }
      top = max(top, weights ? load<f64>(weights + ((<usize>row) << 3)) * sum : sum);
      codes += strideBytes;
    }
    return top;
  }

  /**
   * Largest eigenvalue of Σ weightᵢ·codeᵢcodeᵢᵀ/rows by power iterations from p; the last Rayleigh quotient.
   * weights: rows f64, or 0 for all ones; p: start vector, columns f64, overwritten; q, t: scratch of columns and rows f64; zero: scratch, one f64.
   * isStarted: p and q are those of the iterations before. first, end: of the only iteration the rows to be visited, multiples of 4 but for the last, in order; end 0 for
   * all. It is made, and answers, with the last ones.
   */
  static largestEigenvalue<X>(
    codes: usize,
    strideBytes: usize,
    rows: i32,
    columns: i32,
    weights: usize,
    iterations: i32,
    p: usize,
    q: usize,
    t: usize,
    zero: usize,
    isStarted: i32,
    first: i32,
    end: i32,
  ): f64 {
    const bytes = (<usize>columns) << 3;
    const last = end ? end : rows;
    const x = codes + <usize>first * strideBytes;
    const at = t + ((<usize>first) << 3);
    store<f64>(zero, 0);
    if (!isStarted) {
      let start: f64 = 0;
      for (let j: usize = 0; j < bytes; j += 8) start += load<f64>(p + j) * load<f64>(p + j);
      if (start == 0) return 0;
      for (let j: usize = 0; j < bytes; j += 8) store<f64>(p + j, load<f64>(p + j) / sqrt(start));
    }
    let quotient: f64 = 0;
    for (let i = 0; i < iterations; i++) {
      exact.margins<X>(x, 0, strideBytes, last - first, columns, p, zero, 1, at);
      if (weights) {
        for (let row = (<usize>first) << 3; row < (<usize>last) << 3; row += 8) {
          store<f64>(t + row, load<f64>(t + row) * load<f64>(weights + row));
        }
      }
      if (first == 0) for (let j: usize = 0; j < bytes; j += 8) store<f64>(q + j, 0);
      exact.gradient<X>(x, 0, strideBytes, last - first, columns, at, 1, q);
      if (last < rows) return 0;
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
