// Real coefficient kappa → integer k with a power-of-two scale, kappa ≈ k·2⁻ˢ: the largest s with |kappa|·2ˢ ≤ kMax, so that k keeps its bits
// whatever the size of kappa. All in vector registers, four classes at a time: this is on the critical path of every step.
// docs/numerics.md §5.

/** 1.5·2²³: adding it leaves an integer |n| < 2²² in the low bits of the float. */
const MAGIC: f32 = 12582912;

@unmanaged
export abstract class coefficient {
  /** Whether codes of type X are int16; packed ones (classes, kernel/packed.ts) are int8 once looked up. */
  @inline
  static isWide<X>(): bool {
    return !isReference<X>() && sizeof<X>() == 2;
  }

  /** Bits of |k| for codes of type X: 7 (kMax 127) or 15 (kMax 32767). */
  @inline
  static bits<X>(): i32 {
    return coefficient.isWide<X>() ? 15 : 7;
  }

  /** Largest shift: int8 codes into int16 z 14, into int8 z 7; int16 codes 29. */
  @inline
  static maxShift<X, Z>(): i32 {
    if (coefficient.isWide<X>()) return 29;
    else return sizeof<Z>() == 2 ? 14 : 7;
  }

  /** s per lane. Adding 2^(24−bits) − 1 carries mantissas above kMax/2^(bits−1) into the exponent. */
  @inline
  static shift<X, Z>(kappaF32x4: v128): v128 {
    const bits = coefficient.bits<X>();
    const sizeI32x4 = v128.and(kappaF32x4, i32x4.splat(0x7fffffff));
    const exponentI32x4 = i32x4.shr_u(i32x4.add(sizeI32x4, i32x4.splat((1 << (24 - coefficient.bits<X>())) - 1)), 23);
    const sI32x4 = i32x4.sub(i32x4.splat(bits + 126), exponentI32x4);
    return i32x4.max_s(i32x4.min_s(sI32x4, i32x4.splat(coefficient.maxShift<X, Z>())), i32x4.splat(0));
  }

  /** clamp(floor(kappa·2ˢ + u), ±kMax) per lane, as i32x4. */
  @inline
  static code<X>(kappaF32x4: v128, sI32x4: v128, uF32x4: v128): v128 {
    const limit: f32 = coefficient.isWide<X>() ? 32767 : 127;
    const powerF32x4 = i32x4.shl(i32x4.add(sI32x4, i32x4.splat(127)), 23);
    const floorF32x4 = f32x4.floor(f32x4.add(f32x4.mul(kappaF32x4, powerF32x4), uF32x4));
    const insideF32x4 = f32x4.pmax(f32x4.pmin(floorF32x4, f32x4.splat(limit)), f32x4.splat(-limit));
    return i32x4.sub(f32x4.add(insideF32x4, f32x4.splat(MAGIC)), i32x4.splat(0x4b400000));
  }
}
