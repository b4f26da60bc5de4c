// The fused pass: one walk over z that applies the update with row x and, while each piece is still in a register, multiplies the new z
// with the next row y. Returns the dot of the new z with y, exact for integer z. Formats and bounds: docs/numerics.md §5, §9.
//   columns: multiple of 32, rows zero-padded (zero codes stay zero: floor(r/2ˢ) = 0 since r < 2ˢ).
// Passes are functions of their own, never inlined into the step loop: older compilers spill their vectors around its scalar code.
import { lanes, relaxed } from "../core/lanes";
import { dot, WINDOW } from "../kernel/dot";

@unmanaged
export abstract class fused {
  /** (k·x + r) >> s, int16 lanes, s a literal: a variable shift costs V8 several more instructions a vector. |k·x| + r ≤ 127·127 + 16383 fits. */
  @inline
  static update16(x: usize, kI16x8: v128, rI16x8: v128, s: i32): v128 {
    const productI16x8 = i16x8.mul(kI16x8, v128.load8x8_s(x));
    if (s == 0) return productI16x8;
    return i16x8.shr_s(i16x8.add(productI16x8, rI16x8), s);
  }

  /**
   * The same through a rounding multiply: (k·x + r) >> s = q15mulr(k·x + (r − 2ˢ⁻¹), 2¹⁵⁻ˢ) for s ≥ 1; c = r − 2ˢ⁻¹, m = 2¹⁵⁻ˢ. Inside the
   * portable contract of the relaxed form: m is never −32768.
   */
  @inline
  static scaled16(x: usize, kI16x8: v128, cI16x8: v128, mI16x8: v128): v128 {
    return relaxed.scale(i16x8.add(i16x8.mul(kI16x8, v128.load8x8_s(x)), cI16x8), mI16x8);
  }

  /** One window of the int8 × int16 pass for a literal s, or (s = −1, relaxed module) for the rounding multiply. */
  @inline
  static window16(z: usize, x: usize, y: usize, width: i32, kI16x8: v128, rI16x8: v128, mI16x8: v128, s: i32): v128 {
    const end = x + <usize>width;
    let aI32x4 = i32x4.splat(0);
    let bI32x4 = aI32x4;
    while (x < end) {
      let u0I16x8: v128;
      let u1I16x8: v128;
      let u2I16x8: v128;
      let u3I16x8: v128;
      if (ASC_FEATURE_RELAXED_SIMD) {
        if (s < 0) {
          u0I16x8 = fused.scaled16(x, kI16x8, rI16x8, mI16x8);
          u1I16x8 = fused.scaled16(x + 8, kI16x8, rI16x8, mI16x8);
          u2I16x8 = fused.scaled16(x + 16, kI16x8, rI16x8, mI16x8);
          u3I16x8 = fused.scaled16(x + 24, kI16x8, rI16x8, mI16x8);
        } else {
          u0I16x8 = fused.update16(x, kI16x8, rI16x8, s);
          u1I16x8 = fused.update16(x + 8, kI16x8, rI16x8, s);
          u2I16x8 = fused.update16(x + 16, kI16x8, rI16x8, s);
          u3I16x8 = fused.update16(x + 24, kI16x8, rI16x8, s);
        }
      } else {
        u0I16x8 = fused.update16(x, kI16x8, rI16x8, s);
        u1I16x8 = fused.update16(x + 8, kI16x8, rI16x8, s);
        u2I16x8 = fused.update16(x + 16, kI16x8, rI16x8, s);
        u3I16x8 = fused.update16(x + 24, kI16x8, rI16x8, s);
      }
      const z0I16x8 = i16x8.add_sat_s(v128.load(z), u0I16x8);
      const z1I16x8 = i16x8.add_sat_s(v128.load(z, 16), u1I16x8);
      const z2I16x8 = i16x8.add_sat_s(v128.load(z, 32), u2I16x8);
      const z3I16x8 = i16x8.add_sat_s(v128.load(z, 48), u3I16x8);
      v128.store(z, z0I16x8);
      v128.store(z, z1I16x8, 16);
      v128.store(z, z2I16x8, 32);
      v128.store(z, z3I16x8, 48);
      aI32x4 = i32x4.add(aI32x4, i32x4.dot_i16x8_s(z0I16x8, v128.load8x8_s(y)));
      bI32x4 = i32x4.add(bI32x4, i32x4.dot_i16x8_s(z1I16x8, v128.load8x8_s(y, 8)));
      aI32x4 = i32x4.add(aI32x4, i32x4.dot_i16x8_s(z2I16x8, v128.load8x8_s(y, 16)));
      bI32x4 = i32x4.add(bI32x4, i32x4.dot_i16x8_s(z3I16x8, v128.load8x8_s(y, 24)));
      x += 32;
      y += 32;
      z += 64;
    }
    return i64x2.add(lanes.widenI32(aI32x4), lanes.widenI32(bI32x4));
  }

  /** int8 codes, int16 z, 0 ≤ s ≤ 14. offsets: eight u16 r < 2ˢ. */
  static i8i16(z: usize, x: usize, y: usize, columns: i32, k: i32, s: i32, offsets: usize): f64 {
    let totalI64x2 = i64x2.splat(0);
    while (columns > 0) {
      const width = min(columns, WINDOW);
      totalI64x2 = i64x2.add(totalI64x2, fused.shifted16(z, x, y, width, k, s, offsets));
      columns -= width;
      x += <usize>width;
      y += <usize>width;
      z += (<usize>width) << 1;
    }
    return <f64>lanes.sumI64(totalI64x2);
  }

  static shifted16(z: usize, x: usize, y: usize, width: i32, k: i32, s: i32, offsets: usize): v128 {
    const kI16x8 = i16x8.splat(<i16>k);
    const rI16x8 = v128.load(offsets);
    if (ASC_FEATURE_RELAXED_SIMD) {
      if (s == 0) return fused.window16(z, x, y, width, kI16x8, rI16x8, rI16x8, 0);
      const half = 1 << (s - 1);
      const full = 1 << (15 - s);
      const cI16x8 = i16x8.sub(rI16x8, i16x8.splat(<i16>half));
      return fused.window16(z, x, y, width, kI16x8, cI16x8, i16x8.splat(<i16>full), -1);
    } else {
      switch (s) {
        case 0:
          return fused.window16(z, x, y, width, kI16x8, rI16x8, rI16x8, 0);
        case 1:
          return fused.window16(z, x, y, width, kI16x8, rI16x8, rI16x8, 1);
        case 2:
          return fused.window16(z, x, y, width, kI16x8, rI16x8, rI16x8, 2);
        case 3:
          return fused.window16(z, x, y, width, kI16x8, rI16x8, rI16x8, 3);
        case 4:
          return fused.window16(z, x, y, width, kI16x8, rI16x8, rI16x8, 4);
        case 5:
          return fused.window16(z, x, y, width, kI16x8, rI16x8, rI16x8, 5);
        case 6:
          return fused.window16(z, x, y, width, kI16x8, rI16x8, rI16x8, 6);
        case 7:
          return fused.window16(z, x, y, width, kI16x8, rI16x8, rI16x8, 7);
        case 8:
          return fused.window16(z, x, y, width, kI16x8, rI16x8, rI16x8, 8);
        case 9:
          return fused.window16(z, x, y, width, kI16x8, rI16x8, rI16x8, 9);
        case 10:
          return fused.window16(z, x, y, width, kI16x8, rI16x8, rI16x8, 10);
        case 11:
          return fused.window16(z, x, y, width, kI16x8, rI16x8, rI16x8, 11);
        case 12:
          return fused.window16(z, x, y, width, kI16x8, rI16x8, rI16x8, 12);
        case 13:
          return fused.window16(z, x, y, width, kI16x8, rI16x8, rI16x8, 13);
        default:
          return fused.window16(z, x, y, width, kI16x8, rI16x8, rI16x8, 14);
      }
    }
  }

  /** sat8((|k|·x + r) >> s) for 16 codes, s a literal. */
  @inline
  static update8(x: usize, kI16x8: v128, rI16x8: v128, s: i32): v128 {
    return i8x16.narrow_i16x8_s(fused.update16(x, kI16x8, rI16x8, s), fused.update16(x + 8, kI16x8, rI16x8, s));
  }

  /** One int8 × int8 pass in plain SIMD for a literal s and sign of k. */
  @inline
  static window8(
    z: usize,
    x: usize,
    y: usize,
    columns: i32,
    kI16x8: v128,
    rI16x8: v128,
    s: i32,
    isNegative: bool,
  ): f64 {
    const end = x + <usize>columns;
    let aI32x4 = i32x4.splat(0);
    let bI32x4 = aI32x4;
    while (x < end) {
      const uI8x16 = fused.update8(x, kI16x8, rI16x8, s);
      const zI8x16 = isNegative ? i8x16.sub_sat_s(v128.load(z), uI8x16) : i8x16.add_sat_s(v128.load(z), uI8x16);
      v128.store(z, zI8x16);
      aI32x4 = i32x4.add(aI32x4, i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_s(zI8x16), v128.load8x8_s(y)));
      bI32x4 = i32x4.add(bI32x4, i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_s(zI8x16), v128.load8x8_s(y, 8)));
      x += 16;
      y += 16;
      z += 16;
    }
    return <f64>lanes.sumI64(i64x2.add(lanes.widenI32(aI32x4), lanes.widenI32(bI32x4)));
  }

  @inline
  static signed8(z: usize, x: usize, y: usize, columns: i32, k: i32, rI16x8: v128, s: i32): f64 {
    const kI16x8 = i16x8.splat(<i16>abs(k));
    if (k < 0) return fused.window8(z, x, y, columns, kI16x8, rI16x8, s, true);
    return fused.window8(z, x, y, columns, kI16x8, rI16x8, s, false);
  }

  /**
   * One int8 × int8 pass with relaxed dots, s ≥ 1. pairs((x, c), (|k|, 1)) is |k|·x + c in one instruction, c = r − 2ˢ⁻¹ in a signed byte (s ≤ 7);
   * the rounding multiply by 2¹⁵⁻ˢ finishes the shift. Signed y: with n = all ones where y < 0, Σ |y|·(z xor n) = Σ y·z − Σ_{y<0} |y|, so |y| ≤ 127
   * can be the second operand; the last sum is a constant of the row (`negative`).
   */
  @inline
  static relaxed8(
    z: usize,
    x: usize,
    y: usize,
    columns: i32,
    pairI8x16: v128,
    cI8x16: v128,
    mI16x8: v128,
    isNegative: bool,
  ): i64 {
    const end = x + <usize>columns;
    const zeroI8x16 = i8x16.splat(0);
    let aI32x4 = i32x4.splat(0);
    let bI32x4 = aI32x4;
    while (x < end) {
      aI32x4 = fused.block8(z, x, y, pairI8x16, cI8x16, mI16x8, zeroI8x16, aI32x4, isNegative);
      bI32x4 = fused.block8(z + 16, x + 16, y + 16, pairI8x16, cI8x16, mI16x8, zeroI8x16, bI32x4, isNegative);
      x += 32;
      y += 32;
      z += 32;
    }
    return lanes.sumI64(i64x2.add(lanes.widenI32(aI32x4), lanes.widenI32(bI32x4)));
  }

  @inline
  static block8(
    z: usize,
    x: usize,
    y: usize,
    pairI8x16: v128,
    cI8x16: v128,
    mI16x8: v128,
    zeroI8x16: v128,
    accI32x4: v128,
    isNegative: bool,
  ): v128 {
    const xI8x16 = v128.load(x);
    const lowI16x8 = relaxed.scale(relaxed.pairs(lanes.zipLowI8(xI8x16, cI8x16), pairI8x16), mI16x8);
    const highI16x8 = relaxed.scale(relaxed.pairs(lanes.zipHighI8(xI8x16, cI8x16), pairI8x16), mI16x8);
    const uI8x16 = i8x16.narrow_i16x8_s(lowI16x8, highI16x8);
    const zI8x16 = isNegative ? i8x16.sub_sat_s(v128.load(z), uI8x16) : i8x16.add_sat_s(v128.load(z), uI8x16);
    v128.store(z, zI8x16);
    const yI8x16 = v128.load(y);
    return relaxed.dot(v128.xor(zI8x16, i8x16.lt_s(yI8x16, zeroI8x16)), i8x16.abs(yI8x16), accI32x4);
  }

  /** int8 codes, int8 z, 0 ≤ s ≤ 7. offsets: eight u16 r < 2ˢ; negative: Σ |code| over the negative codes of y (relaxed module only). */
  static i8i8(z: usize, x: usize, y: usize, columns: i32, k: i32, s: i32, offsets: usize, negative: i32): f64 {
    const rI16x8 = v128.load(offsets);
    if (ASC_FEATURE_RELAXED_SIMD) {
      if (s == 0) return fused.signed8(z, x, y, columns, k, rI16x8, 0);
      const half = 1 << (s - 1);
      const full = 1 << (15 - s);
      const cI16x8 = i16x8.sub(rI16x8, i16x8.splat(<i16>half));
      const cI8x16 = i8x16.narrow_i16x8_s(cI16x8, cI16x8);
      const pair = abs(k) | 256;
      const pairI8x16 = i16x8.splat(<i16>pair);
      const mI16x8 = i16x8.splat(<i16>full);
      const dotted =
        k < 0
          ? fused.relaxed8(z, x, y, columns, pairI8x16, cI8x16, mI16x8, true)
          : fused.relaxed8(z, x, y, columns, pairI8x16, cI8x16, mI16x8, false);
      return <f64>(dotted + <i64>negative);
    } else {
      switch (s) {
        case 0:
          return fused.signed8(z, x, y, columns, k, rI16x8, 0);
        case 1:
          return fused.signed8(z, x, y, columns, k, rI16x8, 1);
        case 2:
          return fused.signed8(z, x, y, columns, k, rI16x8, 2);
        case 3:
          return fused.signed8(z, x, y, columns, k, rI16x8, 3);
        case 4:
          return fused.signed8(z, x, y, columns, k, rI16x8, 4);
        case 5:
          return fused.signed8(z, x, y, columns, k, rI16x8, 5);
        case 6:
          return fused.signed8(z, x, y, columns, k, rI16x8, 6);
        default:
          return fused.signed8(z, x, y, columns, k, rI16x8, 7);
      }
    }
  }

  /** Σ |code| over the negative codes of a row. */
  static negativeSum(x: usize, columns: i32): i32 {
    let sum = 0;
    for (const end = x + <usize>columns; x < end; x++) sum -= min(<i32>load<i8>(x), 0);
    return sum;
  }

  /** negativeSum of every row: out rows i32. */
  static negativeSums(codes: usize, strideBytes: usize, rows: i32, columns: i32, out: usize): void {
    for (let row = 0; row < rows; row++) {
      store<i32>(out + ((<usize>row) << 2), fused.negativeSum(codes, columns));
      codes += strideBytes;
    }
  }

  /** int16 codes, int16 z, 0 ≤ s ≤ 29: products in int32, |k·x| + r ≤ 32767² + 2²⁹ < 2³¹. offsets: u16 top bits of r, shifted up by s − 16 here. */
  static i16i16(z: usize, x: usize, y: usize, columns: i32, k: i32, s: i32, offsets: usize): f64 {
    const kI16x8 = i16x8.splat(<i16>k);
    const lanesI16x8 = v128.load(offsets);
    const shift = max(s - 16, 0);
    const rLowI32x4 = i32x4.shl(i32x4.extend_low_i16x8_u(lanesI16x8), shift);
    const rHighI32x4 = i32x4.shl(i32x4.extend_high_i16x8_u(lanesI16x8), shift);
    const end = x + ((<usize>columns) << 1);
    let totalI64x2 = i64x2.splat(0);
    while (x < end) {
      const xI16x8 = v128.load(x);
      const uI16x8 = i16x8.narrow_i32x4_s(
        i32x4.shr_s(i32x4.add(i32x4.extmul_low_i16x8_s(kI16x8, xI16x8), rLowI32x4), s),
        i32x4.shr_s(i32x4.add(i32x4.extmul_high_i16x8_s(kI16x8, xI16x8), rHighI32x4), s),
      );
      const zI16x8 = i16x8.add_sat_s(v128.load(z), uI16x8);
      v128.store(z, zI16x8);
      totalI64x2 = i64x2.add(totalI64x2, lanes.widenI32(i32x4.dot_i16x8_s(zI16x8, v128.load(y))));
      x += 16;
      y += 16;
      z += 16;
    }
    return <f64>lanes.sumI64(totalI64x2);
  }

  /** Float32 z, any codes: z += k·x, multiplied and added separately (never fused: same bits on every CPU). */
  static f32<X>(z: usize, x: usize, y: usize, columns: i32, k: f32): f64 {
    const kF32x4 = f32x4.splat(k);
    const end = z + ((<usize>columns) << 2);
    let aF32x4 = f32x4.splat(0);
    let bF32x4 = aF32x4;
    let cF32x4 = aF32x4;
    let dF32x4 = aF32x4;
    const step = sizeof<X>() << 2;
    while (z < end) {
      const z0F32x4 = f32x4.add(v128.load(z), f32x4.mul(kF32x4, dot.reals<X>(x)));
      const z1F32x4 = f32x4.add(v128.load(z, 16), f32x4.mul(kF32x4, dot.reals<X>(x + step)));
      const z2F32x4 = f32x4.add(v128.load(z, 32), f32x4.mul(kF32x4, dot.reals<X>(x + 2 * step)));
      const z3F32x4 = f32x4.add(v128.load(z, 48), f32x4.mul(kF32x4, dot.reals<X>(x + 3 * step)));
      aF32x4 = f32x4.add(aF32x4, f32x4.mul(z0F32x4, dot.reals<X>(y)));
      bF32x4 = f32x4.add(bF32x4, f32x4.mul(z1F32x4, dot.reals<X>(y + step)));
      cF32x4 = f32x4.add(cF32x4, f32x4.mul(z2F32x4, dot.reals<X>(y + 2 * step)));
      dF32x4 = f32x4.add(dF32x4, f32x4.mul(z3F32x4, dot.reals<X>(y + 3 * step)));
      v128.store(z, z0F32x4);
      v128.store(z, z1F32x4, 16);
      v128.store(z, z2F32x4, 32);
      v128.store(z, z3F32x4, 48);
      x += 4 * step;
      y += 4 * step;
      z += 64;
    }
    return <f64>lanes.sumF32(f32x4.add(f32x4.add(aF32x4, bF32x4), f32x4.add(cF32x4, dF32x4)));
  }

  /**
   * The published LM-HALP step (HALP §5, linear models): z = sat16((z << 8) − sat16(k·x + h) + r) >> 8, one rounding for the sparse and the
   * dense part. h: columns int16, offsets: eight u16 below 256.
   */
  static published(z: usize, x: usize, y: usize, columns: i32, k: i32, h: usize, offsets: usize): f64 {
    const kI16x8 = i16x8.splat(<i16>k);
    const rI16x8 = v128.load(offsets);
    const end = x + <usize>columns;
    let aI32x4 = i32x4.splat(0);
    let bI32x4 = aI32x4;
    while (x < end) {
      const z0I16x8 = fused.published8(z, x, h, kI16x8, rI16x8);
      const z1I16x8 = fused.published8(z + 8, x + 8, h + 16, kI16x8, rI16x8);
      v128.store(z, i8x16.narrow_i16x8_s(z0I16x8, z1I16x8));
      aI32x4 = i32x4.add(aI32x4, i32x4.dot_i16x8_s(z0I16x8, v128.load8x8_s(y)));
      bI32x4 = i32x4.add(bI32x4, i32x4.dot_i16x8_s(z1I16x8, v128.load8x8_s(y, 8)));
      x += 16;
      y += 16;
      z += 16;
      h += 32;
    }
    return <f64>lanes.sumI64(i64x2.add(lanes.widenI32(aI32x4), lanes.widenI32(bI32x4)));
  }

  @inline
  static published8(z: usize, x: usize, h: usize, kI16x8: v128, rI16x8: v128): v128 {
    const moveI16x8 = i16x8.add_sat_s(i16x8.mul(kI16x8, v128.load8x8_s(x)), v128.load(h));
    const wideI16x8 = i16x8.sub_sat_s(i16x8.shl(v128.load8x8_s(z), 8), moveI16x8);
    return i16x8.shr_s(i16x8.add_sat_s(wideI16x8, rI16x8), 8);
  }

  /** The integer pass for a pair of storage types. */
  @inline
  static of<X, Z>(z: usize, x: usize, y: usize, columns: i32, k: i32, s: i32, offsets: usize, negative: i32): f64 {
    if (sizeof<X>() == 2) return fused.i16i16(z, x, y, columns, k, s, offsets);
    else if (sizeof<Z>() == 2) return fused.i8i16(z, x, y, columns, k, s, offsets);
    else return fused.i8i8(z, x, y, columns, k, s, offsets, negative);
  }
}
