// Float64 vectors of the outer loop and of conjugate gradients, with sums in a fixed order, and their int16 codes.
import { lanes } from "../core/lanes";

@unmanaged
export abstract class vector {
  /** Σ aⱼ·bⱼ: four partial sums (j mod 4), joined as (0 + 2) + (1 + 3), then the tail in order. */
  static dot(a: usize, b: usize, count: i32): f64 {
    const end = a + ((<usize>(count & ~3)) << 3);
    let sum0F64x2 = f64x2.splat(0);
    let sum1F64x2 = sum0F64x2;
    while (a < end) {
      sum0F64x2 = f64x2.add(sum0F64x2, f64x2.mul(v128.load(a), v128.load(b)));
      sum1F64x2 = f64x2.add(sum1F64x2, f64x2.mul(v128.load(a, 16), v128.load(b, 16)));
      a += 32;
      b += 32;
    }
    let sum = lanes.sumF64(f64x2.add(sum0F64x2, sum1F64x2));
    for (let j: usize = 0; j < (<usize>(count & 3)) << 3; j += 8) sum += load<f64>(a + j) * load<f64>(b + j);
    return sum;
  }

  /** y += alpha·x. */
  static addScaled(y: usize, alpha: f64, x: usize, count: i32): void {
    const end = y + ((<usize>(count & ~1)) << 3);
    const alphaF64x2 = f64x2.splat(alpha);
    while (y < end) {
      v128.store(y, f64x2.add(v128.load(y), f64x2.mul(alphaF64x2, v128.load(x))));
      y += 16;
      x += 16;
    }
    if (count & 1) store<f64>(y, load<f64>(y) + alpha * load<f64>(x));
  }

  /** y = alpha·x + beta·y. */
  static combine(y: usize, beta: f64, alpha: f64, x: usize, count: i32): void {
    const end = y + ((<usize>(count & ~1)) << 3);
    const alphaF64x2 = f64x2.splat(alpha);
    const betaF64x2 = f64x2.splat(beta);
    while (y < end) {
      const scaledF64x2 = f64x2.mul(alphaF64x2, v128.load(x));
      v128.store(y, f64x2.add(scaledF64x2, f64x2.mul(betaF64x2, v128.load(y))));
      y += 16;
      x += 16;
    }
    if (count & 1) store<f64>(y, alpha * load<f64>(x) + beta * load<f64>(y));
  }

  /** out = a·factor per class, or a/factor where `isInverse`. a, out: classes × columns f64, factor: columns f64. out may be a. */
  static scaleColumns(a: usize, factor: usize, isInverse: i32, columns: i32, classes: i32, out: usize): void {
    const bytes = (<usize>columns) << 3;
    for (let k = 0; k < classes; k++) {
      for (let j: usize = 0; j < bytes; j += 8) {
        const f = load<f64>(factor + j);
        store<f64>(out + j, isInverse ? load<f64>(a + j) / f : load<f64>(a + j) * f);
      }
      a += bytes;
      out += bytes;
    }
  }

  /** Σ over classes and columns of a²/weight; a: classes × columns f64, weight > 0: columns f64. */
  static weightedSquares(a: usize, weight: usize, columns: i32, classes: i32): f64 {
    let sum: f64 = 0;
    for (let k = 0; k < classes; k++) {
      for (let j: usize = 0; j < <usize>columns; j++) {
        const value = load<f64>(a + (j << 3));
        sum += (value * value) / load<f64>(weight + (j << 3));
      }
      a += (<usize>columns) << 3;
    }
    return sum;
  }

  /** Smallest power of two ≥ r, for normal r > 0 whose result is finite. */
  @inline
  static powerAbove(r: f64): f64 {
    const bits = reinterpret<u64>(r);
    const exponent = (bits >> 52) + u64((bits & 0x000fffffffffffff) != 0);
    return reinterpret<f64>(exponent << 52);
  }

  /**
   * codes = floor(p/unit + ½), int16 (classes × codeColumns, zero past `columns`), with the smallest unit that is a power of two and keeps
   *   |code| ≤ 32767  and  largest·‖codes‖₁ < 2³¹ for every class,
   * so that matvec.multiply is exact on data up to `largest`. Returns the unit; 0 (and zero codes) where p vanishes to float64.
   * p: classes × pitch f64, of which `columns` count. A power of two makes code·unit exact.
   */
  static toInt16(p: usize, pitch: i32, columns: i32, classes: i32, largest: f64, codes: usize, codeColumns: i32): f64 {
    let top: f64 = 0;
    let most: f64 = 0;
    for (let k = 0; k < classes; k++) {
      let sum: f64 = 0;
      const from = p + ((<usize>k * <usize>pitch) << 3);
      for (let j: usize = 0; j < <usize>columns; j++) {
        const size = abs(load<f64>(from + (j << 3)));
        top = max(top, size);
        sum += size;
      }
      most = max(most, sum);
    }
    // rounding adds at most ½ to every |code|; one more unit covers the rounding of `most` itself
    const room = 2147483647 / largest - 0.5 * <f64>columns - 1;
    const least = max(top / 32767, (most * (1 + 1e-9)) / room);
    if (!(least > 1e-300) || !(least < 1e300)) {
      memory.fill(codes, 0, (<usize>classes * <usize>codeColumns) << 1);
      return 0;
    }
    const unit = vector.powerAbove(least);
    const inverse = 1 / unit;
    for (let k = 0; k < classes; k++) {
      for (let j: usize = 0; j < <usize>columns; j++) {
        store<i16>(codes + (j << 1), <i16>(<i32>floor(load<f64>(p + (j << 3)) * inverse + 0.5)));
      }
      for (let j = <usize>columns; j < <usize>codeColumns; j++) store<i16>(codes + (j << 1), 0);
      p += (<usize>pitch) << 3;
      codes += (<usize>codeColumns) << 1;
    }
    return unit;
  }

  /** p −= unit·codes, what rounding has left; shapes as in toInt16. */
  static subtractCodes(
    p: usize,
    pitch: i32,
    columns: i32,
    classes: i32,
    unit: f64,
    codes: usize,
    codeColumns: i32,
  ): void {
    for (let k = 0; k < classes; k++) {
      for (let j: usize = 0; j < <usize>columns; j++) {
        const at = p + (j << 3);
        store<f64>(at, load<f64>(at) - unit * <f64>load<i16>(codes + (j << 1)));
      }
      p += (<usize>pitch) << 3;
      codes += (<usize>codeColumns) << 1;
    }
  }

  /** out += unit·s; s: count i32 (a multiple of 4). */
  static addInt32(out: usize, unit: f64, s: usize, count: i32): void {
    const end = s + ((<usize>count) << 2);
    const unitF64x2 = f64x2.splat(unit);
    while (s < end) {
      const sI32x4 = v128.load(s);
      const lowF64x2 = f64x2.convert_low_i32x4_s(sI32x4);
      const highF64x2 = f64x2.convert_low_i32x4_s(i32x4.shuffle(sI32x4, sI32x4, 2, 3, 0, 1));
      v128.store(out, f64x2.add(v128.load(out), f64x2.mul(unitF64x2, lowF64x2)));
      v128.store(out, f64x2.add(v128.load(out, 16), f64x2.mul(unitF64x2, highF64x2)), 16);
      s += 16;
      out += 32;
    }
  }

  /** Sum of count int16. */
  static sumInt16(codes: usize, count: i32): f64 {
    let sum: i64 = 0;
    for (let j: usize = 0; j < (<usize>count) << 1; j += 2) sum += <i64>load<i16>(codes + j);
    return <f64>sum;
  }
}
