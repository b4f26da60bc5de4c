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
    return (p + 1) * scalar.power2(<i32>n);
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

  /** 2ⁿ in float32, −126 ≤ n ≤ 127. */
  @inline
  static power2f(n: i32): f32 {
    return reinterpret<f32>((n + 127) << 23);
  }

  /** n of t = n·ln2 + f. */
  @inline
  static octave(t: f32): f32 {
    return nearest<f32>(t * <f32>1.44269504);
  }

  /** eᶠ − 1 for the remainder f of octave n: f + f·p(f), Taylor to f⁷ (remainder below 2e-8·f). */
  @inline
  static remainder(t: f32, n: f32): f32 {
    const f = t - n * <f32>0.693359375 - n * <f32>-2.1219444e-4;
    let p: f32 = <f32>(1.0 / 5040);
    p = p * f + <f32>(1.0 / 720);
    p = p * f + <f32>(1.0 / 120);
    p = p * f + <f32>(1.0 / 24);
    p = p * f + <f32>(1.0 / 6);
    p = p * f + <f32>0.5;
    return f + f * (f * p);
  }

  /** eᵗ − 1 in float32 with full relative accuracy near 0; |t| ≤ 80. */
  @inline
  static expm1f(t: f32): f32 {
    const n = scalar.octave(t);
    const g = scalar.remainder(t, n);
    if (n == 0) return g;
    const power = scalar.power2f(<i32>n);
    return power * g + (power - 1);
  }

  /** eᵗ in float32; |t| ≤ 80. */
  @inline
  static expf(t: f32): f32 {
    const n = scalar.octave(t);
    const power = scalar.power2f(<i32>n);
    return power * scalar.remainder(t, n) + power;
  }

  /** Bounds of the exponent in the inner loops: e^±80 keeps every product below the float32 limit. */
  @inline
  static bounded(t: f32): f32 {
    return max<f32>(min<f32>(t, 80), -80);
  }
}
