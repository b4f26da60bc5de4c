// exp and log in plain float64 arithmetic, operation by operation those of assembly/loss/exp.ts: the same bits as in the kernels, without an engine.
// Probabilities, validation losses and grids of strengths are made of them.

const LOG2E = 1.4426950408889634;
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
/** 1.5·2⁵²: adding and subtracting it rounds to the nearest whole number, ties to even. */
const ROUNDER = 6755399441055744;

const bits = new DataView(new ArrayBuffer(8));

/** 2ⁿ for −1022 ≤ n ≤ 1023. */
function power2(n: number): number {
  bits.setUint32(0, (n + 1023) << 20);
  bits.setUint32(4, 0);
  return bits.getFloat64(0);
}

/** eᵗ. Below −708 it is 0, above 709.7 infinity. */
export function exp(t: number): number {
  if (t < -708) return 0;
  if (t > 709.7) return Number.POSITIVE_INFINITY;
  if (Number.isNaN(t)) return t;
  const n = t * LOG2E + ROUNDER - ROUNDER;
  const r = t - n * LN2_HIGH - n * LN2_LOW;
  let p = 1 / 6227020800;
  p = p * r + 1 / 479001600;
  p = p * r + 1 / 39916800;
  p = p * r + 1 / 3628800;
  p = p * r + 1 / 362880;
  p = p * r + 1 / 40320;
  p = p * r + 1 / 5040;
  p = p * r + 1 / 720;
  p = p * r + 1 / 120;
  p = p * r + 1 / 24;
  p = p * r + 1 / 6;
  p = p * r + 0.5;
  p = p * r * r + r;
  return (p + 1) * power2(n - 1) * 2;
}

/** 2·atanh(s) for |s| ≤ 0.1716. */
function twiceAtanh(s: number): number {
  const q = s * s;
  let p = 1 / 23;
  p = p * q + 1 / 21;
  p = p * q + 1 / 19;
  p = p * q + 1 / 17;
  p = p * q + 1 / 15;
  p = p * q + 1 / 13;
  p = p * q + 1 / 11;
  p = p * q + 1 / 9;
  p = p * q + 1 / 7;
  p = p * q + 1 / 5;
  p = p * q + 1 / 3;
  return 2 * s + 2 * s * (p * q);
}

/** ln x for normal x > 0. */
export function log(x: number): number {
  bits.setFloat64(0, x);
  const high = bits.getUint32(0);
  let n = (high >>> 20) - 1023;
  bits.setUint32(0, (high & 0x000fffff) | 0x3ff00000);
  let f = bits.getFloat64(0);
  if (f > 1.4142135623730951) {
    f *= 0.5;
    n++;
  }
  const s = (f - 1) / (f + 1);
  return n * LN2_HIGH + (twiceAtanh(s) + n * LN2_LOW);
}

/** ln(1 + x) for 0 ≤ x ≤ 1, small x with full relative accuracy. */
export function log1p(x: number): number {
  return x <= 0.414 ? twiceAtanh(x / (2 + x)) : log(1 + x);
}
