// Dot products of one row of codes with one vector of codes. Lengths are multiples of 32, padding is zero.
import { lanes, relaxed } from "../core/lanes";

/** Columns per window: 8 int32 lanes sum at most 127·32768·4096/8 < 2³¹; windows are added in int64. */
export const WINDOW: i32 = 4096;

@unmanaged
export abstract class dot {
  /** Σ xⱼ·zⱼ exactly, x: int8 codes in ±127, z: int16. */
  static i8i16(x: usize, z: usize, columns: i32): f64 {
    let totalI64x2 = i64x2.splat(0);
    while (columns > 0) {
      const width = min(columns, WINDOW);
      const end = x + <usize>width;
      let aI32x4 = i32x4.splat(0);
      let bI32x4 = aI32x4;
      let cI32x4 = aI32x4;
      let dI32x4 = aI32x4;
      while (x < end) {
        aI32x4 = i32x4.add(aI32x4, i32x4.dot_i16x8_s(v128.load8x8_s(x), v128.load(z)));
        bI32x4 = i32x4.add(bI32x4, i32x4.dot_i16x8_s(v128.load8x8_s(x, 8), v128.load(z, 16)));
        cI32x4 = i32x4.add(cI32x4, i32x4.dot_i16x8_s(v128.load8x8_s(x, 16), v128.load(z, 32)));
        dI32x4 = i32x4.add(dI32x4, i32x4.dot_i16x8_s(v128.load8x8_s(x, 24), v128.load(z, 48)));
        x += 32;
        z += 64;
      }
      totalI64x2 = i64x2.add(totalI64x2, i64x2.add(lanes.widenI32(aI32x4), lanes.widenI32(bI32x4)));
      totalI64x2 = i64x2.add(totalI64x2, i64x2.add(lanes.widenI32(cI32x4), lanes.widenI32(dI32x4)));
      columns -= width;
    }
    return <f64>lanes.sumI64(totalI64x2);
  }

  /** Σ xⱼ·zⱼ exactly, x: int8 codes in ±127, z: int8 in −128..127. Bound: 127·128·columns/8 < 2³¹ up to 10⁶ columns. */
  static i8i8(x: usize, z: usize, columns: i32): f64 {
    const end = x + <usize>columns;
    let aI32x4 = i32x4.splat(0);
    let bI32x4 = aI32x4;
    while (x < end) {
      aI32x4 = i32x4.add(aI32x4, i32x4.dot_i16x8_s(v128.load8x8_s(x), v128.load8x8_s(z)));
      bI32x4 = i32x4.add(bI32x4, i32x4.dot_i16x8_s(v128.load8x8_s(x, 8), v128.load8x8_s(z, 8)));
      aI32x4 = i32x4.add(aI32x4, i32x4.dot_i16x8_s(v128.load8x8_s(x, 16), v128.load8x8_s(z, 16)));
      bI32x4 = i32x4.add(bI32x4, i32x4.dot_i16x8_s(v128.load8x8_s(x, 24), v128.load8x8_s(z, 24)));
      x += 32;
      z += 32;
    }
    return <f64>lanes.sumI64(i64x2.add(lanes.widenI32(aI32x4), lanes.widenI32(bI32x4)));
  }

  /**
   * Σ xⱼ·zⱼ exactly, z: int8, x: codes in 0..127 (non-negative data). The relaxed dot of the relaxed module; the same
   * number from plain SIMD elsewhere.
   */
  static i7i8(x: usize, z: usize, columns: i32): f64 {
    if (ASC_FEATURE_RELAXED_SIMD) {
      const end = x + <usize>columns;
      const unrolled = x + (<usize>columns & ~63);
      let aI32x4 = i32x4.splat(0);
      let bI32x4 = aI32x4;
      let cI32x4 = aI32x4;
      let dI32x4 = aI32x4;
      while (x < unrolled) {
        aI32x4 = relaxed.dot(v128.load(z), v128.load(x), aI32x4);
        bI32x4 = relaxed.dot(v128.load(z, 16), v128.load(x, 16), bI32x4);
        cI32x4 = relaxed.dot(v128.load(z, 32), v128.load(x, 32), cI32x4);
        dI32x4 = relaxed.dot(v128.load(z, 48), v128.load(x, 48), dI32x4);
        x += 64;
        z += 64;
      }
      while (x < end) {
        aI32x4 = relaxed.dot(v128.load(z), v128.load(x), aI32x4);
        bI32x4 = relaxed.dot(v128.load(z, 16), v128.load(x, 16), bI32x4);
        x += 32;
        z += 32;
      }
      const abI64x2 = i64x2.add(lanes.widenI32(aI32x4), lanes.widenI32(bI32x4));
      return <f64>lanes.sumI64(i64x2.add(abI64x2, i64x2.add(lanes.widenI32(cI32x4), lanes.widenI32(dI32x4))));
    } else {
      return dot.i8i8(x, z, columns);
    }
  }

  /** Σ xⱼ·zⱼ exactly, both int16, x in ±32767: a pair fits int32 (2·32767·32768 < 2³¹), two pairs do not. */
  static i16i16(x: usize, z: usize, columns: i32): f64 {
    const end = x + ((<usize>columns) << 1);
    let aI64x2 = i64x2.splat(0);
    let bI64x2 = aI64x2;
    while (x < end) {
      aI64x2 = i64x2.add(aI64x2, lanes.widenI32(i32x4.dot_i16x8_s(v128.load(x), v128.load(z))));
      bI64x2 = i64x2.add(bI64x2, lanes.widenI32(i32x4.dot_i16x8_s(v128.load(x, 16), v128.load(z, 16))));
      x += 32;
      z += 32;
    }
    return <f64>lanes.sumI64(i64x2.add(aI64x2, bI64x2));
  }

  /** Four codes as float32: of a float32 plane, or int8 and int16 codes converted. */
  @inline
  static reals<X>(x: usize): v128 {
    if (isFloat<X>()) return v128.load(x);
    else if (sizeof<X>() == 2) return f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(v128.load64_zero(x)));
    else {
      return f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(v128.load32_zero(x))));
    }
  }

  /** Σ xⱼ·zⱼ in float32, any codes: 16 partial sums (column mod 16), joined ((0 + 1) + (2 + 3)) by vectors, then by lanes. */
  static f32<X>(x: usize, z: usize, columns: i32): f64 {
    const end = z + ((<usize>columns) << 2);
    const step = sizeof<X>() << 2;
    let aF32x4 = f32x4.splat(0);
    let bF32x4 = aF32x4;
    let cF32x4 = aF32x4;
    let dF32x4 = aF32x4;
    while (z < end) {
      aF32x4 = f32x4.add(aF32x4, f32x4.mul(v128.load(z), dot.reals<X>(x)));
      bF32x4 = f32x4.add(bF32x4, f32x4.mul(v128.load(z, 16), dot.reals<X>(x + step)));
      cF32x4 = f32x4.add(cF32x4, f32x4.mul(v128.load(z, 32), dot.reals<X>(x + 2 * step)));
      dF32x4 = f32x4.add(dF32x4, f32x4.mul(v128.load(z, 48), dot.reals<X>(x + 3 * step)));
      x += 4 * step;
      z += 64;
    }
    return <f64>lanes.sumF32(f32x4.add(f32x4.add(aF32x4, bF32x4), f32x4.add(cF32x4, dF32x4)));
  }

  /** The exact (integer) or float32 dot for a pair of storage types. */
  @inline
  static of<X, Z>(x: usize, z: usize, columns: i32): f64 {
    if (isFloat<Z>()) return dot.f32<X>(x, z, columns);
    else if (sizeof<X>() == 2) return dot.i16i16(x, z, columns);
    else if (sizeof<Z>() == 2) return dot.i8i16(x, z, columns);
    else return dot.i8i8(x, z, columns);
  }
}
