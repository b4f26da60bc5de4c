// Statistics of the columns of the exact copy: what the quantiser needs to know before it writes a code.
import { exact } from "./exact";

/** Storage as one float64 per element; x points at element j of a row. */
@unmanaged
export abstract class element {
  @inline
  static at<T>(x: usize, j: usize): f64 {
    return <f64>load<T>(x + j * sizeof<T>());
  }
}

@unmanaged
export abstract class statistics {
  /**
   * low, high: smallest and largest value, sum: Σ weightᵢ·x, whole: 1 while every value is an integer (each columns f64).
   * weights: rows f64, or 0 for all ones. A NaN anywhere makes that column's `low` NaN.
   */
  static collect<T>(
    x: usize,
    strideBytes: usize,
    rows: i32,
    columns: i32,
    weights: usize,
    low: usize,
    high: usize,
    sum: usize,
    whole: usize,
  ): void {
    const bytes = (<usize>columns) << 3;
    for (let j: usize = 0; j < bytes; j += 8) {
      store<f64>(low + j, Infinity);
      store<f64>(high + j, -Infinity);
      store<f64>(sum + j, 0);
      store<f64>(whole + j, 1);
    }
    for (let row = 0; row < rows; row++) {
      const weight = weights ? load<f64>(weights + ((<usize>row) << 3)) : 1;
      const weightF64x2 = f64x2.splat(weight);
      let p = x;
      for (let j: usize = 0; j < bytes; j += 32) {
        const fourX4 = exact.load4<T>(p, 0);
        statistics.update<T>(exact.first<T>(p, fourX4), weightF64x2, low + j, high + j, sum + j, whole + j);
        statistics.update<T>(
          exact.second<T>(p, fourX4),
          weightF64x2,
          low + j + 16,
          high + j + 16,
          sum + j + 16,
          whole + j + 16,
        );
        p += sizeof<T>() << 2;
      }
      x += strideBytes;
    }
  }

  @inline
  static update<T>(xF64x2: v128, weightF64x2: v128, low: usize, high: usize, sum: usize, whole: usize): void {
    v128.store(low, f64x2.min(v128.load(low), xF64x2));
    v128.store(high, f64x2.max(v128.load(high), xF64x2));
    v128.store(sum, f64x2.add(v128.load(sum), f64x2.mul(weightF64x2, xF64x2)));
    if (isFloat<T>()) {
      const sameF64x2 = f64x2.eq(f64x2.floor(xF64x2), xF64x2);
      v128.store(whole, v128.and(v128.load(whole), sameF64x2));
    }
  }

  /** Index row·columns + j of the first value that is not finite, or −1. */
  static firstNotFinite<T>(x: usize, strideBytes: usize, rows: i32, columns: i32): f64 {
    for (let row = 0; row < rows; row++) {
      for (let j = 0; j < columns; j++) {
        const value = element.at<T>(x, <usize>j);
        if (value - value != 0) return <f64>row * <f64>columns + <f64>j;
      }
      x += strideBytes;
    }
    return -1;
  }

  /** 1 when every value survives float32 (float64 data only). */
  static fitsFloat32(x: usize, count: usize): i32 {
    const end = x + (count << 3);
    for (; x < end; x += 8) {
      const value = load<f64>(x);
      if (<f64>(<f32>value) != value) return 0;
    }
    return 1;
  }

  /**
   * Of column j: Σ min(|x − offset|, reach)²/Σ (x − offset)², the part of its curvature that clipping at `reach` leaves (1 for a column of zeros).
   * Both sums in units of the largest |x − offset| = top > 0, so that no column overflows.
   */
  static keptShare<T>(x: usize, strideBytes: usize, rows: i32, j: usize, offset: f64, reach: f64, top: f64): f64 {
    let kept: f64 = 0;
    let all: f64 = 0;
    for (let row = 0; row < rows; row++) {
      const size = abs(element.at<T>(x, j) - offset);
      const inside = min(size, reach) / top;
      const whole = size / top;
      kept += inside * inside;
      all += whole * whole;
      x += strideBytes;
    }
    return all > 0 ? kept / all : 1;
  }

  /** out[i] = the value of column j in rows 0, step, 2·step, … as float64; returns their number. */
  static sample<T>(x: usize, strideBytes: usize, rows: i32, step: i32, j: usize, out: usize): i32 {
    let count = 0;
    for (let row = 0; row < rows; row += step) {
      store<f64>(out + ((<usize>count) << 3), element.at<T>(x + <usize>row * strideBytes, j));
      count++;
    }
    return count;
  }

  /** Element (count − 1) >> 1 of the sorted values; reorders them (quickselect, middle pivot). */
  static lowerMedian(values: usize, count: i32): f64 {
    const wanted = (count - 1) >> 1;
    let left = 0;
    let right = count - 1;
    while (left < right) {
      const pivot = load<f64>(values + ((<usize>((left + right) >> 1)) << 3));
      let i = left;
      let j = right;
      while (i <= j) {
        while (load<f64>(values + ((<usize>i) << 3)) < pivot) i++;
        while (load<f64>(values + ((<usize>j) << 3)) > pivot) j--;
        if (i <= j) {
          const swap = load<f64>(values + ((<usize>i) << 3));
          store<f64>(values + ((<usize>i) << 3), load<f64>(values + ((<usize>j) << 3)));
          store<f64>(values + ((<usize>j) << 3), swap);
          i++;
          j--;
        }
      }
      if (wanted <= j) right = j;
      else if (wanted >= i) left = i;
      else break;
    }
    return load<f64>(values + ((<usize>wanted) << 3));
  }

  /** Lower median of |value − median| over `count` values, which are overwritten. */
  static deviation(values: usize, count: i32, median: f64): f64 {
    const end = values + ((<usize>count) << 3);
    for (let p = values; p < end; p += 8) store<f64>(p, abs(load<f64>(p) - median));
    return statistics.lowerMedian(values, count);
  }
}
