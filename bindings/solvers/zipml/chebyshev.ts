// Chebyshev coefficients of the logistic derivative. Setup of a run, float64; no host function whose last bit differs between engines.
import type { Core } from "../../engine/core.js";

/** cos(π·m/n) for whole m ≥ 0, n > 0: reduced exactly to the first quarter, then Taylor to x²⁴ (remainder (π/2)²⁶/26! < 4e-22). */
export function cosine(m: number, n: number): number {
  let k = m % (2 * n);
  if (k > n) k = 2 * n - k;
  const isNegative = 2 * k > n;
  if (isNegative) k = n - k;
  const square = ((Math.PI * k) / n) * ((Math.PI * k) / n);
  let sum = 1;
  for (let i = 24; i >= 2; i -= 2) sum = 1 - (square / (i * (i - 1))) * sum;
  if (2 * k === n) return 0;
  return isNegative ? -sum : sum;
}

/**
 * Coefficients c of P(t) = Σ cᵢ·Tᵢ(t/radius), degree + 1 of them: the polynomial that equals σ(−t) = 1/(1 + eᵗ) at the degree + 1 Chebyshev nodes of ±radius.
 */
export function logisticCoefficients(core: Core, degree: number, radius: number): Float64Array {
  const count = degree + 1;
  const values = Float64Array.from({ length: count }, (_, k) => {
    const t = radius * cosine(2 * k + 1, 2 * count);
    const e = core.kernels.exp(-Math.abs(t));
    return t >= 0 ? e / (1 + e) : 1 / (1 + e);
  });
  return Float64Array.from({ length: count }, (_, i) => {
    let sum = 0;
    for (let k = 0; k < count; k++) sum += (values[k] as number) * cosine(i * (2 * k + 1), 2 * count);
    return ((i === 0 ? 1 : 2) * sum) / count;
  });
}
