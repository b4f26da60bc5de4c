// Statistics of the columns of the exact copy: what the quantiser needs to know before it writes a code.
import { lanes } from "../core/lanes";
import { exact } from "./exact";

/** Storage as one float64 per element; x points at element j of a row. */
@unmanaged
export abstract class element {
  @inline
  static at<T>(x: usize, j: usize): f64 {
    return <f64>load<T>(x + j * sizeof<T>());
  }
}

/** 1.5·2⁵² + 16: added to a small number, the low bits of the sum are 16 + the nearest whole number. */
const BIN_MAGIC: f64 = 6755399441055760.0;

/** Rows that are walked strip by strip before the next ones: they stay in cache, and 256 bytes sum up in int16. */
const ROWS: i32 = 256;

@unmanaged
export abstract class statistics {
  /**
   * Takes `rows` more rows into low, high: smallest and largest value, sum: Σ weightᵢ·x, whole: 1 while every value is an integer; columns f64
   * each, which start as ∞, −∞, 0 and 1. Sums are taken in the order of the rows, one float64 per column, however the rows are split into calls.
   * weights: rows f64, or 0 for all ones. A value that is not finite leaves a sum that is not (a finite one may: sums overflow).
   * columns: multiple of 4, of 8 for int16, of 16 for bytes; rows may be packed, then the last one is followed by as much readable memory.
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
    while (rows > 0) {
      const block = min(rows, ROWS);
      let p = x;
      let j: usize = 0;
      if (weights) {
        for (; j < bytes; j += 32) {
          statistics.four<T, f64>(p, strideBytes, block, weights, low + j, high + j, sum + j, whole + j);
          p += sizeof<T>() << 2;
        }
        weights += (<usize>block) << 3;
      } else if (sizeof<T>() == 1) {
        for (; j < bytes; j += 128) {
          statistics.bytes16<T>(p, strideBytes, block, low + j, high + j, sum + j);
          p += 16;
        }
      } else if (isInteger<T>()) {
        for (; j < bytes; j += 64) {
          statistics.shorts8(p, strideBytes, block, low + j, high + j, sum + j);
          p += 16;
        }
      } else {
        if (sizeof<T>() == 4) {
          for (; j + 64 <= bytes; j += 64) {
            statistics.reals8(p, strideBytes, block, low + j, high + j, sum + j, whole + j);
            p += 32;
          }
        }
        for (; j < bytes; j += 32) {
          statistics.four<T, void>(p, strideBytes, block, 0, low + j, high + j, sum + j, whole + j);
          p += sizeof<T>() << 2;
        }
      }
      rows -= block;
      x += <usize>block * strideBytes;
    }
  }

  /** Any flag of `count` columns still set. */
  @inline
  static isOpen(whole: usize, count: usize): bool {
    let openF64x2 = v128.load(whole);
    for (let j: usize = 16; j < count << 3; j += 16) openF64x2 = v128.or(openF64x2, v128.load(whole + j));
    return v128.any_true(openF64x2);
  }

  /** Smaller and larger of what is there and what is new; −0 is smaller than 0. */
  @inline
  static widen(low: usize, high: usize, lowF64x2: v128, highF64x2: v128): void {
    v128.store(low, f64x2.min(v128.load(low), lowF64x2));
    v128.store(high, f64x2.max(v128.load(high), highF64x2));
  }

  @inline
  static add(sum: usize, moreF64x2: v128): void {
    v128.store(sum, f64x2.add(v128.load(sum), moreF64x2));
  }

  /** Four columns of any storage. W: f64 for weights, void for none. */
  static four<T, W>(
    x: usize,
    strideBytes: usize,
    rows: i32,
    weights: usize,
    low: usize,
    high: usize,
    sum: usize,
    whole: usize,
  ): void {
    // pmin and pmax are one instruction where min and max are seven; they leave the sign of a zero to chance, so signs are kept apart
    let lowF64x2 = f64x2.splat(Infinity);
    let low2F64x2 = lowF64x2;
    let highF64x2 = f64x2.splat(-Infinity);
    let high2F64x2 = highF64x2;
    let anyI64x2 = i64x2.splat(0);
    let any2I64x2 = anyI64x2;
    let allI64x2 = i64x2.splat(-1);
    let all2I64x2 = allI64x2;
    let wholeI64x2 = allI64x2;
    let whole2I64x2 = allI64x2;
    let sumF64x2 = v128.load(sum);
    let sum2F64x2 = v128.load(sum, 16);
    const isWatched = isFloat<T>() && statistics.isOpen(whole, 4);
    for (let row = 0; row < rows; row++) {
      const fourX4 = exact.load4<T>(x, 0);
      const xF64x2 = exact.first<T>(x, fourX4);
      const yF64x2 = exact.second<T>(x, fourX4);
      lowF64x2 = f64x2.pmin(lowF64x2, xF64x2);
      low2F64x2 = f64x2.pmin(low2F64x2, yF64x2);
      highF64x2 = f64x2.pmax(highF64x2, xF64x2);
      high2F64x2 = f64x2.pmax(high2F64x2, yF64x2);
      if (isFloat<T>()) {
        anyI64x2 = v128.or(anyI64x2, xF64x2);
        any2I64x2 = v128.or(any2I64x2, yF64x2);
        allI64x2 = v128.and(allI64x2, xF64x2);
        all2I64x2 = v128.and(all2I64x2, yF64x2);
        if (isWatched) {
          wholeI64x2 = v128.and(wholeI64x2, f64x2.eq(f64x2.floor(xF64x2), xF64x2));
          whole2I64x2 = v128.and(whole2I64x2, f64x2.eq(f64x2.floor(yF64x2), yF64x2));
        }
      }
      if (isVoid<W>()) {
        sumF64x2 = f64x2.add(sumF64x2, xF64x2);
        sum2F64x2 = f64x2.add(sum2F64x2, yF64x2);
      } else {
        const weightF64x2 = v128.load64_splat(weights);
        sumF64x2 = f64x2.add(sumF64x2, f64x2.mul(weightF64x2, xF64x2));
        sum2F64x2 = f64x2.add(sum2F64x2, f64x2.mul(weightF64x2, yF64x2));
        weights += 8;
      }
      x += strideBytes;
    }
    v128.store(sum, sumF64x2);
    v128.store(sum, sum2F64x2, 16);
    if (isFloat<T>()) {
      statistics.widen(low, high, statistics.least(lowF64x2, anyI64x2), statistics.most(highF64x2, allI64x2));
      statistics.widen(
        low + 16,
        high + 16,
        statistics.least(low2F64x2, any2I64x2),
        statistics.most(high2F64x2, all2I64x2),
      );
      v128.store(whole, v128.and(v128.load(whole), wholeI64x2));
      v128.store(whole, v128.and(v128.load(whole, 16), whole2I64x2), 16);
    } else {
      statistics.widen(low, high, lowF64x2, highF64x2);
      statistics.widen(low + 16, high + 16, low2F64x2, high2F64x2);
    }
  }

  /** A smallest value of 0 is −0 when any value has its sign bit set: none is negative. */
  @inline
  static least(lowF64x2: v128, anyI64x2: v128): v128 {
    const signI64x2 = v128.and(anyI64x2, i64x2.splat(i64.MIN_VALUE));
    return v128.or(lowF64x2, v128.and(signI64x2, f64x2.eq(lowF64x2, f64x2.splat(0))));
  }

  /** A largest value of 0 is 0 unless all values have their sign bit set: none is positive. */
  @inline
  static most(highF64x2: v128, allI64x2: v128): v128 {
    const clearI64x2 = v128.andnot(i64x2.splat(i64.MIN_VALUE), allI64x2);
    return v128.andnot(highF64x2, v128.and(clearI64x2, f64x2.eq(highF64x2, f64x2.splat(0))));
  }

  /** The bits of float32 values as int32 in the same order, −0 before 0, and back. */
  @inline
  static ordered(xF32x4: v128): v128 {
    return v128.xor(xF32x4, i32x4.shr_u(i32x4.shr_s(xF32x4, 31), 1));
  }

  /** Eight columns of float32. */
  static reals8(x: usize, strideBytes: usize, rows: i32, low: usize, high: usize, sum: usize, whole: usize): void {
    let lowI32x4 = statistics.ordered(f32x4.splat(<f32>Infinity));
    let low2I32x4 = lowI32x4;
    let highI32x4 = statistics.ordered(f32x4.splat(<f32>-Infinity));
    let high2I32x4 = highI32x4;
    let wholeI32x4 = i32x4.splat(-1);
    let whole2I32x4 = wholeI32x4;
    let aF64x2 = v128.load(sum);
    let bF64x2 = v128.load(sum, 16);
    let cF64x2 = v128.load(sum, 32);
    let dF64x2 = v128.load(sum, 48);
    const isWatched = statistics.isOpen(whole, 8);
    for (let row = 0; row < rows; row++) {
      const xF32x4 = v128.load(x);
      const xI32x4 = statistics.ordered(xF32x4);
      lowI32x4 = i32x4.min_s(lowI32x4, xI32x4);
      highI32x4 = i32x4.max_s(highI32x4, xI32x4);
      aF64x2 = f64x2.add(aF64x2, exact.first<f32>(x, xF32x4));
      bF64x2 = f64x2.add(bF64x2, exact.second<f32>(x, xF32x4));
      const yF32x4 = v128.load(x, 16);
      const yI32x4 = statistics.ordered(yF32x4);
      low2I32x4 = i32x4.min_s(low2I32x4, yI32x4);
      high2I32x4 = i32x4.max_s(high2I32x4, yI32x4);
      cF64x2 = f64x2.add(cF64x2, exact.first<f32>(x + 16, yF32x4));
      dF64x2 = f64x2.add(dF64x2, exact.second<f32>(x + 16, yF32x4));
      if (isWatched) {
        wholeI32x4 = v128.and(wholeI32x4, f32x4.eq(f32x4.floor(xF32x4), xF32x4));
        whole2I32x4 = v128.and(whole2I32x4, f32x4.eq(f32x4.floor(yF32x4), yF32x4));
      }
      x += strideBytes;
    }
    v128.store(sum, aF64x2);
    v128.store(sum, bF64x2, 16);
    v128.store(sum, cF64x2, 32);
    v128.store(sum, dF64x2, 48);
    statistics.close4(low, high, whole, lowI32x4, highI32x4, wholeI32x4);
    statistics.close4(low + 32, high + 32, whole + 32, low2I32x4, high2I32x4, whole2I32x4);
  }

  @inline
  static close4(low: usize, high: usize, whole: usize, lowI32x4: v128, highI32x4: v128, wholeI32x4: v128): void {
    const lowF32x4 = statistics.ordered(lowI32x4);
    const highF32x4 = statistics.ordered(highI32x4);
    statistics.widen(low, high, f64x2.promote_low_f32x4(lowF32x4), f64x2.promote_low_f32x4(highF32x4));
    statistics.widen(low + 16, high + 16, lanes.promoteHighF32(lowF32x4), lanes.promoteHighF32(highF32x4));
    v128.store(whole, v128.and(v128.load(whole), i64x2.extend_low_i32x4_s(wholeI32x4)));
    v128.store(whole, v128.and(v128.load(whole, 16), i64x2.extend_high_i32x4_s(wholeI32x4)), 16);
  }

  /** Eight columns of int16, at most 65 536 rows: |Σ| ≤ 2¹⁵·2¹⁶ fits int32 (its sum of −2³¹ included). */
  static shorts8(x: usize, strideBytes: usize, rows: i32, low: usize, high: usize, sum: usize): void {
    let lowI16x8 = i16x8.splat(32767);
    let highI16x8 = i16x8.splat(-32768);
    let aI32x4 = i32x4.splat(0);
    let bI32x4 = aI32x4;
    for (let row = 0; row < rows; row++) {
      const xI16x8 = v128.load(x);
      lowI16x8 = i16x8.min_s(lowI16x8, xI16x8);
      highI16x8 = i16x8.max_s(highI16x8, xI16x8);
      aI32x4 = i32x4.add(aI32x4, i32x4.extend_low_i16x8_s(xI16x8));
      bI32x4 = i32x4.add(bI32x4, i32x4.extend_high_i16x8_s(xI16x8));
      x += strideBytes;
    }
    statistics.closeInt4(
      low,
      high,
      sum,
      i32x4.extend_low_i16x8_s(lowI16x8),
      i32x4.extend_low_i16x8_s(highI16x8),
      aI32x4,
    );
    statistics.closeInt4(
      low + 32,
      high + 32,
      sum + 32,
      i32x4.extend_high_i16x8_s(lowI16x8),
      i32x4.extend_high_i16x8_s(highI16x8),
      bI32x4,
    );
  }

  /** Takes smallest, largest and sum of four columns of integers in: exact, so the order of these sums does not matter. */
  @inline
  static closeInt4(low: usize, high: usize, sum: usize, lowI32x4: v128, highI32x4: v128, sumI32x4: v128): void {
    statistics.widen(low, high, exact.first<i32>(0, lowI32x4), exact.first<i32>(0, highI32x4));
    statistics.widen(low + 16, high + 16, exact.second<i32>(0, lowI32x4), exact.second<i32>(0, highI32x4));
    statistics.add(sum, exact.first<i32>(0, sumI32x4));
    statistics.add(sum + 16, exact.second<i32>(0, sumI32x4));
  }

  /** Sixteen columns of bytes, at most 256 rows: 256·255 fits uint16, 256·−128 int16. */
  static bytes16<T>(x: usize, strideBytes: usize, rows: i32, low: usize, high: usize, sum: usize): void {
    let lowI8x16 = isSigned<T>() ? i8x16.splat(127) : i8x16.splat(-1);
    let highI8x16 = isSigned<T>() ? i8x16.splat(-128) : i8x16.splat(0);
    let aI16x8 = i16x8.splat(0);
    let bI16x8 = aI16x8;
    for (let row = 0; row < rows; row++) {
      const xI8x16 = v128.load(x);
      if (isSigned<T>()) {
        lowI8x16 = i8x16.min_s(lowI8x16, xI8x16);
        highI8x16 = i8x16.max_s(highI8x16, xI8x16);
      } else {
        lowI8x16 = i8x16.min_u(lowI8x16, xI8x16);
        highI8x16 = i8x16.max_u(highI8x16, xI8x16);
      }
      aI16x8 = i16x8.add(aI16x8, statistics.lowHalf<T>(xI8x16));
      bI16x8 = i16x8.add(bI16x8, statistics.highHalf<T>(xI8x16));
      x += strideBytes;
    }
    statistics.closeInt8<T>(low, high, sum, statistics.lowHalf<T>(lowI8x16), statistics.lowHalf<T>(highI8x16), aI16x8);
    statistics.closeInt8<T>(
      low + 64,
      high + 64,
      sum + 64,
      statistics.highHalf<T>(lowI8x16),
      statistics.highHalf<T>(highI8x16),
      bI16x8,
    );
  }

  /** Bytes 0–7 as int16. */
  @inline
  static lowHalf<T>(xI8x16: v128): v128 {
    return isSigned<T>() ? i16x8.extend_low_i8x16_s(xI8x16) : i16x8.extend_low_i8x16_u(xI8x16);
  }

  /** Bytes 8–15 as int16. */
  @inline
  static highHalf<T>(xI8x16: v128): v128 {
    return isSigned<T>() ? i16x8.extend_high_i8x16_s(xI8x16) : i16x8.extend_high_i8x16_u(xI8x16);
  }

  /** closeInt4 for eight columns; sums are unsigned where the values are. */
  static closeInt8<T>(low: usize, high: usize, sum: usize, lowI16x8: v128, highI16x8: v128, sumI16x8: v128): void {
    statistics.closeInt4(
      low,
      high,
      sum,
      i32x4.extend_low_i16x8_s(lowI16x8),
      i32x4.extend_low_i16x8_s(highI16x8),
      isSigned<T>() ? i32x4.extend_low_i16x8_s(sumI16x8) : i32x4.extend_low_i16x8_u(sumI16x8),
    );
    statistics.closeInt4(
      low + 32,
      high + 32,
      sum + 32,
      i32x4.extend_high_i16x8_s(lowI16x8),
      i32x4.extend_high_i16x8_s(highI16x8),
      isSigned<T>() ? i32x4.extend_high_i16x8_s(sumI16x8) : i32x4.extend_high_i16x8_u(sumI16x8),
    );
  }

  /** Index row·columns + j of the first value that is not finite, or −1. */
  static firstNotFinite<T>(x: usize, strideBytes: usize, rows: i32, columns: i32): f64 {
    for (let row = 0; row < rows; row++) {
      let j = 0;
      if (sizeof<T>() == 8) {
        // eight at a time, as long as x − x = 0 in all of them
        for (; j + 8 <= columns; j += 8) {
          const p = x + ((<usize>j) << 3);
          const aF64x2 = f64x2.sub(v128.load(p), v128.load(p));
          const bF64x2 = f64x2.sub(v128.load(p, 16), v128.load(p, 16));
          const cF64x2 = f64x2.sub(v128.load(p, 32), v128.load(p, 32));
          const dF64x2 = f64x2.sub(v128.load(p, 48), v128.load(p, 48));
          const allF64x2 = f64x2.add(f64x2.add(aF64x2, bF64x2), f64x2.add(cF64x2, dF64x2));
          if (!i64x2.all_true(f64x2.eq(allF64x2, f64x2.splat(0)))) break;
        }
      }
      for (; j < columns; j++) {
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
    let lostI64x2 = i64x2.splat(0);
    for (; x + 16 <= end; x += 16) {
      const xF64x2 = v128.load(x);
      lostI64x2 = v128.or(lostI64x2, f64x2.ne(f64x2.promote_low_f32x4(f32x4.demote_f64x2_zero(xF64x2)), xF64x2));
    }
    if (x < end) {
      const value = load<f64>(x);
      if (<f64>(<f32>value) != value) return 0;
    }
    return i32(!v128.any_true(lostI64x2));
  }

  /** out += Σ ((x − offset)/top)² per column, rows in order; offset, top (> 0), out: columns f64. In units of top no column overflows. */
  static squares<T>(
    x: usize,
    strideBytes: usize,
    rows: i32,
    columns: i32,
    offset: usize,
    top: usize,
    out: usize,
  ): void {
    for (let row = 0; row < rows; row++) {
      for (let j: usize = 0; j < <usize>columns; j++) {
        const at = j << 3;
        const part = (element.at<T>(x, j) - load<f64>(offset + at)) / load<f64>(top + at);
        store<f64>(out + at, load<f64>(out + at) + part * part);
      }
      x += strideBytes;
    }
  }

  /**
   * Of `count` columns: kept += Σ min(|x − offset|, reach)², all += Σ (x − offset)², whose quotient is the part of a column's curvature that
   * clipping at `reach` leaves. In units of top ≥ |x − offset|, top > 0, so that no column overflows; in the order of the rows.
   * count: even; list: their indices, i32; offset, reach, top, kept, all: count f64 each.
   */
  static keptSquares<T>(
    x: usize,
    strideBytes: usize,
    rows: i32,
    count: i32,
    list: usize,
    offset: usize,
    reach: usize,
    top: usize,
    kept: usize,
    all: usize,
  ): void {
    const bytes = (<usize>count) << 3;
    for (let row = 0; row < rows; row++) {
      for (let k: usize = 0; k < bytes; k += 16) {
        const at = list + (k >> 1);
        const first = element.at<T>(x, <usize>load<i32>(at));
        const second = element.at<T>(x, <usize>load<i32>(at, 4));
        const xF64x2 = f64x2.replace_lane(f64x2.splat(first), 1, second);
        const topF64x2 = v128.load(top + k);
        const sizeF64x2 = f64x2.abs(f64x2.sub(xF64x2, v128.load(offset + k)));
        const insideF64x2 = f64x2.div(f64x2.pmin(sizeF64x2, v128.load(reach + k)), topF64x2);
        const wholeF64x2 = f64x2.div(sizeF64x2, topF64x2);
        statistics.add(kept + k, f64x2.mul(insideF64x2, insideF64x2));
        statistics.add(all + k, f64x2.mul(wholeF64x2, wholeF64x2));
      }
      x += strideBytes;
    }
  }

  /**
   * Counts the values of every column in bins of one width: bin 16 + nearest((x − offset)·inverseWidth), with |x − offset|·inverseWidth < 15.
   * offset, inverseWidth: columns f64; bins: columns × 32 uint16, added to. At most 65 535 rows in all.
   */
  static countBins<T>(
    x: usize,
    strideBytes: usize,
    rows: i32,
    columns: i32,
    offset: usize,
    inverseWidth: usize,
    bins: usize,
  ): void {
    for (let row = 0; row < rows; row++) {
      for (let j: usize = 0; j < <usize>columns; j++) {
        const at = (<usize>j) << 3;
        const place = (element.at<T>(x, j) - load<f64>(offset + at)) * load<f64>(inverseWidth + at) + BIN_MAGIC;
        // the low bits of the sum are the nearest whole number
        const bin = bins + (j << 6) + ((<usize>reinterpret<i64>(place) & 31) << 1);
        store<u16>(bin, load<u16>(bin) + 1);
      }
      x += strideBytes;
    }
  }

  /** First column from `first` on with more than `most` values in two neighbouring bins, or −1. */
  static nextCrowded(bins: usize, first: i32, columns: i32, most: i32): i32 {
    for (let j = first; j < columns; j++) {
      const at = bins + ((<usize>j) << 6);
      for (let bin: usize = 0; bin < 62; bin += 2) {
        if (<i32>load<u16>(at + bin) + <i32>load<u16>(at + bin, 2) > most) return j;
      }
    }
    return -1;
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

  /** Element (count − 1) >> 1 of the sorted values; reorders them. */
  static lowerMedian(values: usize, count: i32): f64 {
    return statistics.select(values, count, (count - 1) >> 1);
  }

  /** Element `wanted` of the sorted values; reorders them (quickselect, middle pivot). */
  static select(values: usize, count: i32, wanted: i32): f64 {
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
