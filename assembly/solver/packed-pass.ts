// The fused pass over packed codes: update with row x, and dot of the new z with row y, as pass.ts does for int8 codes. Every level's update is
// computed once per step and looked up. docs/numerics.md §5, §15. With and without a mask are functions of their own: two loops in one function cost V8
// half of their speed.
import { lanes, relaxed } from "../core/lanes";
import { WINDOW } from "../kernel/dot";
import { INDEX, packed, SIGNS, SIZES } from "../kernel/packed";

@unmanaged
export abstract class packedPass {
  /**
   * One slot, z int8 (M: i8 with a mask, i16 without): acc + Σ (new z)·level. Relaxed: |level| ≤ 127 is the second operand of the dot; with n = all ones where the level is negative,
   * Σ |level|·(z xor n) = Σ level·z − Σ_{level<0} |level|, and the last sum is a constant of the row.
   */
  @inline
  static slot8<X, M>(
    xU8x16: v128,
    yU8x16: v128,
    slot: i32,
    updatesI8x16: v128,
    levelsI8x16: v128,
    signsI8x16: v128,
    indexI8x16: v128,
    mask: usize,
    z: usize,
    accI32x4: v128,
  ): v128 {
    const zI8x16 = packed.move8<X, M>(xU8x16, slot, updatesI8x16, indexI8x16, mask, z);
    const atU8x16 = packed.slot<X>(yU8x16, slot, indexI8x16);
    const levelI8x16 = packed.look(levelsI8x16, atU8x16);
    if (ASC_FEATURE_RELAXED_SIMD) {
      return relaxed.dot(v128.xor(zI8x16, packed.look(signsI8x16, atU8x16)), levelI8x16, accI32x4);
    } else {
      const lowI32x4 = i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_s(zI8x16), i16x8.extend_low_i8x16_s(levelI8x16));
      const highI32x4 = i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_s(zI8x16), i16x8.extend_high_i8x16_s(levelI8x16));
      return i32x4.add(accI32x4, i32x4.add(lowI32x4, highI32x4));
    }
  }

  /** z int8, 0 ≤ s ≤ 7: z = sat8(z + sat8((k·level + r) >> s)). negative: Σ |level| over the negative levels of y (relaxed module only). */
  static z8<X, M>(
    z: usize,
    x: usize,
    y: usize,
    columns: i32,
    k: i32,
    s: i32,
    offsets: usize,
    levels: usize,
    mask: usize,
    negative: i32,
  ): f64 {
    // the relaxed dot takes sizes and signs, the plain one the levels themselves
    const levelsI8x16 = ASC_FEATURE_RELAXED_SIMD ? v128.load(levels, SIZES) : v128.load(levels);
    const signsI8x16 = v128.load(levels, SIGNS);
    const indexI8x16 = v128.load(levels, INDEX);
    const uI8x16 = i8x16.narrow_i16x8_s(
      packed.products(levels, k, s, offsets),
      packed.products(levels + 8, k, s, offsets),
    );
    const end = z + <usize>columns;
    let aI32x4 = i32x4.splat(0);
    let bI32x4 = aI32x4;
    while (z < end) {
      const xU8x16 = v128.load(x);
      const yU8x16 = v128.load(y);
      aI32x4 = packedPass.slot8<X, M>(xU8x16, yU8x16, 0, uI8x16, levelsI8x16, signsI8x16, indexI8x16, mask, z, aI32x4);
      bI32x4 = packedPass.slot8<X, M>(xU8x16, yU8x16, 1, uI8x16, levelsI8x16, signsI8x16, indexI8x16, mask, z, bI32x4);
      if (packed.bits<X>() < 4) {
        aI32x4 = packedPass.slot8<X, M>(
          xU8x16,
          yU8x16,
          2,
          uI8x16,
          levelsI8x16,
          signsI8x16,
          indexI8x16,
          mask,
          z,
          aI32x4,
        );
        bI32x4 = packedPass.slot8<X, M>(
          xU8x16,
          yU8x16,
          3,
          uI8x16,
          levelsI8x16,
          signsI8x16,
          indexI8x16,
          mask,
          z,
          bI32x4,
        );
      }
      x += 16;
      y += 16;
      z += packed.width<X>();
      mask += packed.width<X>();
    }
    const dotted = lanes.sumI64(i64x2.add(lanes.widenI32(aI32x4), lanes.widenI32(bI32x4)));
    return <f64>(ASC_FEATURE_RELAXED_SIMD ? dotted + <i64>negative : dotted);
  }

  /** One slot, z int16: four int32 sums of (new z)·level. The updates come as tables of low and high bytes. */
  @inline
  static slot16<X, M>(
    xU8x16: v128,
    yU8x16: v128,
    slot: i32,
    lowI8x16: v128,
    highI8x16: v128,
    levelsI8x16: v128,
    indexI8x16: v128,
    mask: usize,
    z: usize,
  ): v128 {
    const at = (<usize>slot) << 4;
    const to = z + (at << 1);
    const xAtU8x16 = packed.slot<X>(xU8x16, slot, indexI8x16);
    const lowU8x16 = packed.masked<M>(packed.look(lowI8x16, xAtU8x16), mask + at);
    const highU8x16 = packed.masked<M>(packed.look(highI8x16, xAtU8x16), mask + at);
    const z0I16x8 = i16x8.add_sat_s(v128.load(to), lanes.zipLowI8(lowU8x16, highU8x16));
    const z1I16x8 = i16x8.add_sat_s(v128.load(to, 16), lanes.zipHighI8(lowU8x16, highU8x16));
    v128.store(to, z0I16x8);
    v128.store(to, z1I16x8, 16);
    const levelI8x16 = packed.look(levelsI8x16, packed.slot<X>(yU8x16, slot, indexI8x16));
    return i32x4.add(
      i32x4.dot_i16x8_s(z0I16x8, i16x8.extend_low_i8x16_s(levelI8x16)),
      i32x4.dot_i16x8_s(z1I16x8, i16x8.extend_high_i8x16_s(levelI8x16)),
    );
  }

  /** z int16, 0 ≤ s ≤ 14: z = sat16(z + ((k·level + r) >> s)). */
  static z16<X, M>(
    z: usize,
    x: usize,
    y: usize,
    columns: i32,
    k: i32,
    s: i32,
    offsets: usize,
    levels: usize,
    mask: usize,
  ): f64 {
    const levelsI8x16 = v128.load(levels);
    const indexI8x16 = v128.load(levels, INDEX);
    const firstI16x8 = packed.products(levels, k, s, offsets);
    const lastI16x8 = packed.products(levels + 8, k, s, offsets);
    const lowI8x16 = i8x16.shuffle(firstI16x8, lastI16x8, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    const highI8x16 = i8x16.shuffle(firstI16x8, lastI16x8, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
    let totalI64x2 = i64x2.splat(0);
    while (columns > 0) {
      const width = min(columns, WINDOW);
      const end = z + ((<usize>width) << 1);
      let aI32x4 = i32x4.splat(0);
      let bI32x4 = aI32x4;
      while (z < end) {
        const xU8x16 = v128.load(x);
        const yU8x16 = v128.load(y);
        aI32x4 = i32x4.add(
          aI32x4,
          packedPass.slot16<X, M>(xU8x16, yU8x16, 0, lowI8x16, highI8x16, levelsI8x16, indexI8x16, mask, z),
        );
        bI32x4 = i32x4.add(
          bI32x4,
          packedPass.slot16<X, M>(xU8x16, yU8x16, 1, lowI8x16, highI8x16, levelsI8x16, indexI8x16, mask, z),
        );
        if (packed.bits<X>() < 4) {
          aI32x4 = i32x4.add(
            aI32x4,
            packedPass.slot16<X, M>(xU8x16, yU8x16, 2, lowI8x16, highI8x16, levelsI8x16, indexI8x16, mask, z),
          );
          bI32x4 = i32x4.add(
            bI32x4,
            packedPass.slot16<X, M>(xU8x16, yU8x16, 3, lowI8x16, highI8x16, levelsI8x16, indexI8x16, mask, z),
          );
        }
        x += 16;
        y += 16;
        z += packed.width<X>() << 1;
        mask += packed.width<X>();
      }
      totalI64x2 = i64x2.add(totalI64x2, i64x2.add(lanes.widenI32(aI32x4), lanes.widenI32(bI32x4)));
      columns -= width;
    }
    return <f64>lanes.sumI64(totalI64x2);
  }

  /** The pass for a pair of storage types. */
  @inline
  static of<X, Z>(
    z: usize,
    x: usize,
    y: usize,
    columns: i32,
    k: i32,
    s: i32,
    offsets: usize,
    levels: usize,
    mask: usize,
    negative: i32,
  ): f64 {
    if (sizeof<Z>() == 2) {
      if (mask) return packedPass.z16<X, i8>(z, x, y, columns, k, s, offsets, levels, mask);
      return packedPass.z16<X, i16>(z, x, y, columns, k, s, offsets, levels, mask);
    } else {
      if (mask) return packedPass.z8<X, i8>(z, x, y, columns, k, s, offsets, levels, mask, negative);
      return packedPass.z8<X, i16>(z, x, y, columns, k, s, offsets, levels, mask, negative);
    }
  }
}
