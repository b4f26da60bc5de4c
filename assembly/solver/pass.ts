// The fused pass: one walk over z that applies the update with row x and, while each piece is still in a register, multiplies the new z
// with the next row y. Returns the dot of the new z with y, exact for integer z. Formats and bounds: docs/numerics.md §5, §9.
//   columns: multiple of 32, rows zero-padded (zero codes stay zero: floor(r/2ˢ) = 0 since r < 2ˢ).
import { lanes, relaxed } from "../core/lanes";
import { dot, WINDOW } from "../kernel/dot";

@unmanaged
export abstract class fused {
  /** z += (k·x + r) >> s, int16 lanes; |k·x| + r ≤ 127·127 + 16383 = 32512 fits, only the sum into z saturates. */
  @inline
  static add16(z: usize, x: usize, kI16x8: v128, rI16x8: v128, s: i32): v128 {
    const productI16x8 = i16x8.mul(kI16x8, v128.load8x8_s(x));
    return i16x8.add_sat_s(v128.load(z), i16x8.shr_s(i16x8.add(productI16x8, rI16x8), s));
  }

  /** int8 codes, int16 z. */
  static i8i16(z: usize, x: usize, y: usize, columns: i32, k: i32, s: i32, offsets: usize): f64 {
    const kI16x8 = i16x8.splat(<i16>k);
    const rI16x8 = v128.load(offsets);
    let totalI64x2 = i64x2.splat(0);
    while (columns > 0) {
      const width = min(columns, WINDOW);
      const end = x + <usize>width;
      let aI32x4 = i32x4.splat(0);
      let bI32x4 = aI32x4;
      while (x < end) {
        const z0I16x8 = fused.add16(z, x, kI16x8, rI16x8, s);
        const z1I16x8 = fused.add16(z + 16, x + 8, kI16x8, rI16x8, s);
        const z2I16x8 = fused.add16(z + 32, x + 16, kI16x8, rI16x8, s);
        const z3I16x8 = fused.add16(z + 48, x + 24, kI16x8, rI16x8, s);
        aI32x4 = i32x4.add(aI32x4, i32x4.dot_i16x8_s(z0I16x8, v128.load8x8_s(y)));
        bI32x4 = i32x4.add(bI32x4, i32x4.dot_i16x8_s(z1I16x8, v128.load8x8_s(y, 8)));
        aI32x4 = i32x4.add(aI32x4, i32x4.dot_i16x8_s(z2I16x8, v128.load8x8_s(y, 16)));
        bI32x4 = i32x4.add(bI32x4, i32x4.dot_i16x8_s(z3I16x8, v128.load8x8_s(y, 24)));
        v128.store(z, z0I16x8);
        v128.store(z, z1I16x8, 16);
        v128.store(z, z2I16x8, 32);
        v128.store(z, z3I16x8, 48);
        x += 32;
        y += 32;
        z += 64;
      }
      totalI64x2 = i64x2.add(totalI64x2, i64x2.add(lanes.widenI32(aI32x4), lanes.widenI32(bI32x4)));
      columns -= width;
    }
    return <f64>lanes.sumI64(totalI64x2);
  }

  /** sat8((|k|·x + r) >> s) for 16 codes. */
  @inline
  static update8(x: usize, kI16x8: v128, rI16x8: v128, s: i32): v128 {
    return i8x16.narrow_i16x8_s(
      i16x8.shr_s(i16x8.add(i16x8.mul(kI16x8, v128.load8x8_s(x)), rI16x8), s),
      i16x8.shr_s(i16x8.add(i16x8.mul(kI16x8, v128.load8x8_s(x, 8)), rI16x8), s),
    );
  }

  /** int8 codes, int8 z. */
  static i8i8(z: usize, x: usize, y: usize, columns: i32, k: i32, s: i32, offsets: usize): f64 {
    const kI16x8 = i16x8.splat(<i16>abs(k));
    const rI16x8 = v128.load(offsets);
    const end = x + <usize>columns;
    let aI32x4 = i32x4.splat(0);
    let bI32x4 = aI32x4;
    while (x < end) {
      const uI8x16 = fused.update8(x, kI16x8, rI16x8, s);
      const zI8x16 = k >= 0 ? i8x16.add_sat_s(v128.load(z), uI8x16) : i8x16.sub_sat_s(v128.load(z), uI8x16);
      aI32x4 = i32x4.add(aI32x4, i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_s(zI8x16), v128.load8x8_s(y)));
      bI32x4 = i32x4.add(bI32x4, i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_s(zI8x16), v128.load8x8_s(y, 8)));
      v128.store(z, zI8x16);
      x += 16;
      y += 16;
      z += 16;
    }
    return <f64>lanes.sumI64(i64x2.add(lanes.widenI32(aI32x4), lanes.widenI32(bI32x4)));
  }

  /** int16 codes, int16 z: products in int32, |k·x| + r ≤ 32767² + 2²⁹ < 2³¹. */
  static i16i16(z: usize, x: usize, y: usize, columns: i32, k: i32, s: i32, offsets: usize): f64 {
    const kI16x8 = i16x8.splat(<i16>k);
    const lanesI16x8 = v128.load(offsets);
    const shift = max(s - 16, 0);
    const rLowI32x4 = i32x4.shl(i32x4.extend_low_i16x8_u(lanesI16x8), shift);
    const rHighI32x4 = i32x4.shl(i32x4.extend_high_i16x8_u(lanesI16x8), shift);
    const end = x + (<usize>columns << 1);
    let totalI64x2 = i64x2.splat(0);
    while (x < end) {
      const xI16x8 = v128.load(x);
      const uI16x8 = i16x8.narrow_i32x4_s(
        i32x4.shr_s(i32x4.add(i32x4.extmul_low_i16x8_s(kI16x8, xI16x8), rLowI32x4), s),
        i32x4.shr_s(i32x4.add(i32x4.extmul_high_i16x8_s(kI16x8, xI16x8), rHighI32x4), s),
      );
      const zI16x8 = i16x8.add_sat_s(v128.load(z), uI16x8);
      totalI64x2 = i64x2.add(totalI64x2, lanes.widenI32(i32x4.dot_i16x8_s(zI16x8, v128.load(y))));
      v128.store(z, zI16x8);
      x += 16;
      y += 16;
      z += 16;
    }
    return <f64>lanes.sumI64(totalI64x2);
  }

  /** Float32 z, any codes: z += k·x, multiplied and added separately (never fused: same bits on every CPU). */
  static reals32<X>(z: usize, x: usize, y: usize, columns: i32, k: f32): f64 {
    const kF32x4 = f32x4.splat(k);
    const end = z + (<usize>columns << 2);
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
      aI32x4 = i32x4.add(aI32x4, i32x4.dot_i16x8_s(z0I16x8, v128.load8x8_s(y)));
      bI32x4 = i32x4.add(bI32x4, i32x4.dot_i16x8_s(z1I16x8, v128.load8x8_s(y, 8)));
      v128.store(z, i8x16.narrow_i16x8_s(z0I16x8, z1I16x8));
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

  /** The pass for a pair of storage types; `coefficient` points at k and s. */
  @inline
  static of<X, Z>(z: usize, x: usize, y: usize, columns: i32, coefficient: usize, offsets: usize): f64 {
    if (isFloat<Z>()) {
      return fused.reals32<X>(z, x, y, columns, load<f32>(coefficient));
    } else {
      const k = load<i32>(coefficient);
      const s = load<i32>(coefficient, 4);
      if (sizeof<X>() == 2) return fused.i16i16(z, x, y, columns, k, s, offsets);
      else if (sizeof<Z>() == 2) return fused.i8i16(z, x, y, columns, k, s, offsets);
      else return fused.i8i8(z, x, y, columns, k, s, offsets);
    }
  }
}
