// exp, expm1, log and log1p of our own: the host's differ between engines in the last bit, and with them every trained weight.
// float64 for the exact outer loop, float32 for the inner steps. docs/numerics.md §6.

const LOG2E: f64 = 1.4426950408889634;
/** ln 2 in two parts: the upper has 32 trailing zero bits, so n·upper is exact for |n| < 2¹⁶. */
const LN2_HIGH: f64 = 0.6931471803691238;
const LN2_LOW: f64 = 1.9082149292705877e-10;

@unmanaged
export abstract class scalar {
  /** 2ⁿ for −1022 ≤ n ≤ 1023. */
  @inline
  static power2(n: i32): f64 {
    return reinterpret<f64>((<i64>n + 1023) << 52);
  }

  /** eᵗ. Taylor to degree 13 on |r| ≤ ln2/2: remainder r¹⁴/14! < 5e-18. Below −708 it is 0, above 709.7 infinity. */
  static exp(t: f64): f64 {
    if (t < -708) return 0;
    if (t > 709.7) return Infinity;
    const n = nearest(t * LOG2E);
    const r = t - n * LN2_HIGH - n * LN2_LOW;
    let p: f64 = 1.0 / 6227020800;
    p = p * r + 1.0 / 479001600;
    p = p * r + 1.0 / 39916800;
    p = p * r + 1.0 / 3628800;
    p = p * r + 1.0 / 362880;
    p = p * r + 1.0 / 40320;
    p = p * r + 1.0 / 5040;
    p = p * r + 1.0 / 720;
    p = p * r + 1.0 / 120;
    p = p * r + 1.0 / 24;
    p = p * r + 1.0 / 6;
    p = p * r + 0.5;
    p = p * r * r + r;
    // n − 1 and a doubling: n itself reaches 1024 at the upper end
    return (p + 1) * scalar.power2(<i32>n - 1) * 2;
  }

  /** eᵗ per lane for t ≤ 0, the same bits as `exp`. */
  @inline
  static expNegativex2(tF64x2: v128): v128 {
    const nF64x2 = f64x2.nearest(f64x2.mul(tF64x2, f64x2.splat(LOG2E)));
    const rF64x2 = f64x2.sub(
      f64x2.sub(tF64x2, f64x2.mul(nF64x2, f64x2.splat(LN2_HIGH))),
      f64x2.mul(nF64x2, f64x2.splat(LN2_LOW)),
    );
    let pF64x2 = f64x2.splat(1.0 / 6227020800);
    pF64x2 = f64x2.add(f64x2.mul(pF64x2, rF64x2), f64x2.splat(1.0 / 479001600));
    pF64x2 = f64x2.add(f64x2.mul(pF64x2, rF64x2), f64x2.splat(1.0 / 39916800));
    pF64x2 = f64x2.add(f64x2.mul(pF64x2, rF64x2), f64x2.splat(1.0 / 3628800));
    pF64x2 = f64x2.add(f64x2.mul(pF64x2, rF64x2), f64x2.splat(1.0 / 362880));
    pF64x2 = f64x2.add(f64x2.mul(pF64x2, rF64x2), f64x2.splat(1.0 / 40320));
    pF64x2 = f64x2.add(f64x2.mul(pF64x2, rF64x2), f64x2.splat(1.0 / 5040));
    pF64x2 = f64x2.add(f64x2.mul(pF64x2, rF64x2), f64x2.splat(1.0 / 720));
    pF64x2 = f64x2.add(f64x2.mul(pF64x2, rF64x2), f64x2.splat(1.0 / 120));
    pF64x2 = f64x2.add(f64x2.mul(pF64x2, rF64x2), f64x2.splat(1.0 / 24));
    pF64x2 = f64x2.add(f64x2.mul(pF64x2, rF64x2), f64x2.splat(1.0 / 6));
    pF64x2 = f64x2.add(f64x2.mul(pF64x2, rF64x2), f64x2.splat(0.5));
    pF64x2 = f64x2.add(f64x2.mul(f64x2.mul(pF64x2, rF64x2), rF64x2), rF64x2);
    // 1.5·2⁵² leaves n in the low bits, which move into the exponent
    const shiftedI64x2 = f64x2.add(nF64x2, f64x2.splat(6755399441055744));
    const powerF64x2 = i64x2.shl(i64x2.add(shiftedI64x2, i64x2.splat(1022)), 52);
    const valueF64x2 = f64x2.mul(f64x2.mul(f64x2.add(pF64x2, f64x2.splat(1)), powerF64x2), f64x2.splat(2));
    return v128.bitselect(f64x2.splat(0), valueF64x2, f64x2.lt(tF64x2, f64x2.splat(-708)));
  }

  /** ln(1 + x) per lane for 0 ≤ x ≤ 1, the same bits as `log1p`. */
  @inline
  static log1px2(xF64x2: v128): v128 {
    const oneF64x2 = f64x2.splat(1);
    const isSmallF64x2 = f64x2.le(xF64x2, f64x2.splat(0.414));
    const wholeF64x2 = f64x2.add(oneF64x2, xF64x2);
    const isLargeF64x2 = f64x2.gt(wholeF64x2, f64x2.splat(1.4142135623730951));
    const fF64x2 = v128.bitselect(f64x2.mul(wholeF64x2, f64x2.splat(0.5)), wholeF64x2, isLargeF64x2);
    const topF64x2 = v128.bitselect(xF64x2, f64x2.sub(fF64x2, oneF64x2), isSmallF64x2);
    const lowF64x2 = v128.bitselect(f64x2.add(f64x2.splat(2), xF64x2), f64x2.add(fF64x2, oneF64x2), isSmallF64x2);
    const sF64x2 = f64x2.div(topF64x2, lowF64x2);
    const qF64x2 = f64x2.mul(sF64x2, sF64x2);
    let pF64x2 = f64x2.splat(1.0 / 23);
    pF64x2 = f64x2.add(f64x2.mul(pF64x2, qF64x2), f64x2.splat(1.0 / 21));
    pF64x2 = f64x2.add(f64x2.mul(pF64x2, qF64x2), f64x2.splat(1.0 / 19));
    pF64x2 = f64x2.add(f64x2.mul(pF64x2, qF64x2), f64x2.splat(1.0 / 17));
    pF64x2 = f64x2.add(f64x2.mul(pF64x2, qF64x2), f64x2.splat(1.0 / 15));
    pF64x2 = f64x2.add(f64x2.mul(pF64x2, qF64x2), f64x2.splat(1.0 / 13));
    pF64x2 = f64x2.add(f64x2.mul(pF64x2, qF64x2), f64x2.splat(1.0 / 11));
    pF64x2 = f64x2.add(f64x2.mul(pF64x2, qF64x2), f64x2.splat(1.0 / 9));
    pF64x2 = f64x2.add(f64x2.mul(pF64x2, qF64x2), f64x2.splat(1.0 / 7));
    pF64x2 = f64x2.add(f64x2.mul(pF64x2, qF64x2), f64x2.splat(1.0 / 5));
    pF64x2 = f64x2.add(f64x2.mul(pF64x2, qF64x2), f64x2.splat(1.0 / 3));
    const twiceF64x2 = f64x2.mul(f64x2.splat(2), sF64x2);
    const atanhF64x2 = f64x2.add(twiceF64x2, f64x2.mul(twiceF64x2, f64x2.mul(pF64x2, qF64x2)));
    // one octave where the halved number was taken; adding 0 changes no bit of a sum ≥ 0
    const highF64x2 = v128.and(f64x2.splat(LN2_HIGH), isLargeF64x2);
    const restF64x2 = v128.and(f64x2.splat(LN2_LOW), isLargeF64x2);
    return f64x2.add(highF64x2, f64x2.add(atanhF64x2, restF64x2));
  }

  /** 2·atanh(s) for |s| ≤ 0.1716: the odd series to s²³, remainder below 1e-18·s. */
  @inline
  static twiceAtanh(s: f64): f64 {
    const q = s * s;
    let p: f64 = 1.0 / 23;
    p = p * q + 1.0 / 21;
    p = p * q + 1.0 / 19;
    p = p * q + 1.0 / 17;
    p = p * q + 1.0 / 15;
    p = p * q + 1.0 / 13;
    p = p * q + 1.0 / 11;
    p = p * q + 1.0 / 9;
    p = p * q + 1.0 / 7;
    p = p * q + 1.0 / 5;
    p = p * q + 1.0 / 3;
    return 2 * s + 2 * s * (p * q);
  }

  /** ln x for normal x > 0: x = 2ⁿ·f with f in [√½, √2), ln f = 2·atanh((f − 1)/(f + 1)). */
  static log(x: f64): f64 {
    const bits = reinterpret<i64>(x);
    let n = <i32>(bits >> 52) - 1023;
    let f = reinterpret<f64>((bits & 0x000fffffffffffff) | 0x3ff0000000000000);
    if (f > 1.4142135623730951) {
      f *= 0.5;
      n++;
    }
    const s = (f - 1) / (f + 1);
    return <f64>n * LN2_HIGH + (scalar.twiceAtanh(s) + <f64>n * LN2_LOW);
  }

  /** ln(1 + x) for 0 ≤ x ≤ 1, small x with full relative accuracy: 2·atanh(x/(2 + x)) while x ≤ 0.414. */
  static log1p(x: f64): f64 {
    return x <= 0.414 ? scalar.twiceAtanh(x / (2 + x)) : scalar.log(1 + x);
  }

  /** 2ⁿ per lane for whole n, |n| ≤ 126: adding 1.5·2²³ leaves n in the low bits, which move into the exponent. */
  @inline
  static power2x4(nF32x4: v128): v128 {
    const bitsI32x4 = i32x4.shl(f32x4.add(nF32x4, f32x4.splat(12582912)), 23);
    return i32x4.add(bitsI32x4, i32x4.splat(127 << 23));
  }

  /** n of t = n·ln2 + f, per lane. */
  @inline
  static octave(tF32x4: v128): v128 {
    return f32x4.nearest(f32x4.mul(tF32x4, f32x4.splat(1.44269504)));
  }

  /**
   * eᶠ − 1 for the remainder f of octave n: f + f·(f·p(f)), Taylor to f⁷ (remainder below 2e-8·f). p in Estrin's form: three dependent
   * multiply-adds instead of five, on the critical path of every step.
   */
  @inline
  static remainder(tF32x4: v128, nF32x4: v128): v128 {
    const highF32x4 = f32x4.sub(tF32x4, f32x4.mul(nF32x4, f32x4.splat(0.693359375)));
    const fF32x4 = f32x4.sub(highF32x4, f32x4.mul(nF32x4, f32x4.splat(-2.1219444e-4)));
    const squareF32x4 = f32x4.mul(fF32x4, fF32x4);
    const aF32x4 = f32x4.add(f32x4.splat(0.5), f32x4.mul(fF32x4, f32x4.splat(<f32>(1.0 / 6))));
    const bF32x4 = f32x4.add(f32x4.splat(<f32>(1.0 / 24)), f32x4.mul(fF32x4, f32x4.splat(<f32>(1.0 / 120))));
    const cF32x4 = f32x4.add(f32x4.splat(<f32>(1.0 / 720)), f32x4.mul(fF32x4, f32x4.splat(<f32>(1.0 / 5040))));
    const pF32x4 = f32x4.add(aF32x4, f32x4.mul(squareF32x4, f32x4.add(bF32x4, f32x4.mul(squareF32x4, cF32x4))));
    return f32x4.add(fF32x4, f32x4.mul(fF32x4, f32x4.mul(fF32x4, pF32x4)));
  }

  /** eᵗ − 1 in float32, per lane, with full relative accuracy near 0; |t| ≤ 80. For n = 0 the last line is exactly the remainder. */
  @inline
  static expm1x4(tF32x4: v128): v128 {
    const nF32x4 = scalar.octave(tF32x4);
    const powerF32x4 = scalar.power2x4(nF32x4);
    const grownF32x4 = f32x4.mul(powerF32x4, scalar.remainder(tF32x4, nF32x4));
    return f32x4.add(grownF32x4, f32x4.sub(powerF32x4, f32x4.splat(1)));
  }

  /** eᵗ in float32, per lane; |t| ≤ 80. */
  @inline
  static expx4(tF32x4: v128): v128 {
    const nF32x4 = scalar.octave(tF32x4);
    const powerF32x4 = scalar.power2x4(nF32x4);
    return f32x4.add(f32x4.mul(powerF32x4, scalar.remainder(tF32x4, nF32x4)), powerF32x4);
  }

  /** Bounds of the exponent in the inner loops: e^±80 keeps every product below the float32 limit. */
  @inline
  static boundedx4(tF32x4: v128): v128 {
    return f32x4.pmax(f32x4.pmin(tF32x4, f32x4.splat(80)), f32x4.splat(-80));
  }

  /** expm1 of one number, bounded to ±80. Within ±0.34 the octave is 0 and the remainder is the result: a shorter way to the same bits. */
  @inline
  static expm1f(t: f32): f32 {
    const tF32x4 = f32x4.splat(t);
    if (abs(t) < 0.34) return f32x4.extract_lane(scalar.remainder(tF32x4, f32x4.splat(0)), 0);
    return f32x4.extract_lane(scalar.expm1x4(scalar.boundedx4(tF32x4)), 0);
  }

  /** exp of one number. */
  @inline
  static expf(t: f32): f32 {
    return f32x4.extract_lane(scalar.expx4(f32x4.splat(t)), 0);
  }

  @inline
  static bounded(t: f32): f32 {
    return f32x4.extract_lane(scalar.boundedx4(f32x4.splat(t)), 0);
  }
}
