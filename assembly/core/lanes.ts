// Lane helpers: horizontal sums, widening loads, and the only wrappers of relaxed opcodes.
// Every v128 local in assembly/ ends in its lanes (zI16x8): the type itself says nothing.

@unmanaged
export abstract class lanes {
  /** Sum of four f32 lanes: (l0 + l2) + (l1 + l3). */
  @inline
  static sumF32(aF32x4: v128): f32 {
    const bF32x4 = f32x4.add(aF32x4, i32x4.shuffle(aF32x4, aF32x4, 2, 3, 0, 1));
    return f32x4.extract_lane(bF32x4, 0) + f32x4.extract_lane(bF32x4, 1);
  }

  /** Sum of two f64 lanes. */
  @inline
  static sumF64(aF64x2: v128): f64 {
    return f64x2.extract_lane(aF64x2, 0) + f64x2.extract_lane(aF64x2, 1);
  }

  /** Elements 2 and 3 as f64x2: WebAssembly promotes only the lower two. */
  @inline
  static promoteHighF32(aF32x4: v128): v128 {
    return f64x2.promote_low_f32x4(i32x4.shuffle(aF32x4, aF32x4, 2, 3, 0, 1));
  }

  /** Four i32 lanes → two i64 lanes holding their exact pair sums. */
  @inline
  static widenI32(aI32x4: v128): v128 {
    return i64x2.add(i64x2.extend_low_i32x4_s(aI32x4), i64x2.extend_high_i32x4_s(aI32x4));
  }

  /** Sum of four i32 lanes; the caller guarantees that the total fits i32. */
  @inline
  static sumI32(aI32x4: v128): i32 {
    const bI32x4 = i32x4.add(aI32x4, i32x4.shuffle(aI32x4, aI32x4, 2, 3, 0, 1));
    return i32x4.extract_lane(bI32x4, 0) + i32x4.extract_lane(bI32x4, 1);
  }

  /** Four i32x4 → one vector of their four sums (transpose and add). */
  @inline
  static sum4I32(aI32x4: v128, bI32x4: v128, cI32x4: v128, dI32x4: v128): v128 {
    const abI32x4 = i32x4.add(i32x4.shuffle(aI32x4, bI32x4, 0, 4, 1, 5), i32x4.shuffle(aI32x4, bI32x4, 2, 6, 3, 7));
    const cdI32x4 = i32x4.add(i32x4.shuffle(cI32x4, dI32x4, 0, 4, 1, 5), i32x4.shuffle(cI32x4, dI32x4, 2, 6, 3, 7));
    return i32x4.add(i32x4.shuffle(abI32x4, cdI32x4, 0, 1, 4, 5), i32x4.shuffle(abI32x4, cdI32x4, 2, 3, 6, 7));
  }

  /** Exact sum of two i64 lanes. */
  @inline
  static sumI64(aI64x2: v128): i64 {
    return i64x2.extract_lane(aI64x2, 0) + i64x2.extract_lane(aI64x2, 1);
  }

  /** Bytes a0 b0 a1 b1 … a7 b7. */
  @inline
  static zipLowI8(aI8x16: v128, bI8x16: v128): v128 {
    return i8x16.shuffle(aI8x16, bI8x16, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  }

  /** Bytes a8 b8 a9 b9 … a15 b15. */
  @inline
  static zipHighI8(aI8x16: v128, bI8x16: v128): v128 {
    return i8x16.shuffle(aI8x16, bI8x16, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  }
}

/**
 * Relaxed opcodes, inside the contract that is the same on every CPU: the FIRST operand is signed, the SECOND
 * holds 0..127 only. Code that uses them is compiled only where ASC_FEATURE_RELAXED_SIMD is set, and its integer results equal
 * the baseline module's.
 */
@unmanaged
export abstract class relaxed {
  /** acc + the dot products of 4 bytes per i32 lane. */
  @inline
  static dot(signedI8x16: v128, sevenBitI8x16: v128, accI32x4: v128): v128 {
    return i32x4.relaxed_dot_i8x16_i7x16_add_s(signedI8x16, sevenBitI8x16, accI32x4);
  }

  /** The products of 2 bytes per i16 lane, added: no overflow, since 2·128·127 = 32 512. */
  @inline
  static pairs(signedI8x16: v128, sevenBitI8x16: v128): v128 {
    return i16x8.relaxed_dot_i8x16_i7x16_s(signedI8x16, sevenBitI8x16);
  }

  /** Byte aI8x16[atI8x16[i]] in lane i; indices 0..15 only: beyond them CPUs differ. */
  @inline
  static swizzle(aI8x16: v128, atI8x16: v128): v128 {
    return i8x16.relaxed_swizzle(aI8x16, atI8x16);
  }

  /** (a·b + 2¹⁴) >> 15 per i16 lane; the same everywhere unless both operands are −32768. */
  @inline
  static scale(aI16x8: v128, bI16x8: v128): v128 {
    return i16x8.relaxed_q15mulr_s(aI16x8, bI16x8);
  }
}
