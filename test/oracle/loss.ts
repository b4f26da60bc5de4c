// The six losses: float64 references (algorithms.md 1.2) and the float32 functions of the inner loop (numerics.md 6).
//
//   margins m: K numbers (K = 1 unless softmax);   label y: ±1, a target, or a class 0 … K − 1
//
// The float64 half may use Math.exp and Math.log; the float32 half is + − × ÷ and powers of two only, each operation
// rounded by Math.fround, and must agree with the engine bit for bit.

export type Loss = "squared" | "logistic" | "softmax" | "squaredHinge" | "hinge" | "huber";

/** Largest eigenvalue of the second derivative (numerics.md 8). Hinge has none: 1 is only a scale for the step. */
export function hMax(loss: Loss): number {
  return loss === "logistic" ? 0.25 : loss === "softmax" ? 0.5 : 1;
}

const clip = (x: number, tau: number): number => Math.min(Math.max(x, -tau), tau);

// ---- float64 -----------------------------------------------------------------------------------------------------

/** σ(u) = 1/(1 + e^−u), without overflow and with full relative accuracy on both sides. */
function sigmoid(u: number): number {
  if (u >= 0) return 1 / (1 + Math.exp(-u));
  const e = Math.exp(u);
  return e / (1 + e);
}

/** p_k = e^{m_k} / Σ e^{m_l}, after subtracting max m. */
export function softmax(margins: ArrayLike<number>): Float64Array {
  const m = Float64Array.from(margins);
  const max = m.reduce((a, b) => Math.max(a, b), -Infinity);
  const e = m.map((x) => Math.exp(x - max));
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map((x) => x / sum);
}

/** loss(m, y). */
export function lossValue(loss: Loss, margins: ArrayLike<number>, y: number, tau = 1): number {
  const m = margins[0] as number;
  switch (loss) {
    case "squared":
      return 0.5 * (m - y) ** 2;
    case "logistic": {
      const t = y * m;
      return Math.max(0, -t) + Math.log1p(Math.exp(-Math.abs(t)));
    }
    case "softmax": {
      // log Σ e^{m_k − max} + (max − m_y)
      const all = Float64Array.from(margins);
      const max = all.reduce((a, b) => Math.max(a, b), -Infinity);
      return Math.log(all.reduce((sum, x) => sum + Math.exp(x - max), 0)) + (max - (all[y] as number));
    }
    case "squaredHinge":
      return 0.5 * Math.max(0, 1 - y * m) ** 2;
    case "hinge":
      return Math.max(0, 1 - y * m);
    case "huber": {
      const r = Math.abs(m - y);
      return r <= tau ? 0.5 * r * r : tau * r - 0.5 * tau * tau;
    }
  }
}

/** ∂loss/∂m, K numbers. */
export function lossDerivative(loss: Loss, margins: ArrayLike<number>, y: number, tau = 1): Float64Array {
  const m = margins[0] as number;
  switch (loss) {
    case "squared":
      return Float64Array.of(m - y);
    case "logistic":
      return Float64Array.of(-y * sigmoid(-y * m));
    case "softmax":
      return softmax(margins).map((p, k) => p - (k === y ? 1 : 0));
    case "squaredHinge":
      return Float64Array.of(-y * Math.max(0, 1 - y * m));
    case "hinge":
      return Float64Array.of(1 - y * m > 0 ? -y : 0);
    case "huber":
      return Float64Array.of(clip(m - y, tau));
  }
}

/** ∂²loss/∂m∂m, K × K row-major; the generalised one for squaredHinge and huber, 0 for hinge. */
export function lossSecondDerivative(loss: Loss, margins: ArrayLike<number>, y: number, tau = 1): Float64Array {
  const m = margins[0] as number;
  switch (loss) {
    case "squared":
      return Float64Array.of(1);
    case "logistic":
      return Float64Array.of(sigmoid(m) * sigmoid(-m));
    case "softmax": {
      const p = softmax(margins);
      const K = p.length;
      const h = new Float64Array(K * K);
      for (let a = 0; a < K; a++)
        for (let b = 0; b < K; b++)
          h[a * K + b] = (a === b ? (p[a] as number) : 0) - (p[a] as number) * (p[b] as number);
      return h;
    }
    case "squaredHinge":
      return Float64Array.of(1 - y * m > 0 ? 1 : 0);
    case "hinge":
      return Float64Array.of(0);
    case "huber":
      return Float64Array.of(Math.abs(m - y) <= tau ? 1 : 0);
  }
}

// ---- float32, bit for bit ----------------------------------------------------------------------------------------

const f = Math.fround;
const LOG2E = f(1.44269504);
const LN2_HIGH = f(0.693359375); // 355/512: n*LN2_HIGH is exact for |n| <= 2^15
const LN2_LOW = f(-2.1219444e-4); // ln 2 − LN2_HIGH
const C2 = f(1 / 2);
const C3 = f(1 / 6);
const C4 = f(1 / 24);
const C5 = f(1 / 120);
const C6 = f(1 / 720);
const C7 = f(1 / 5040);

/** Round to the nearest integer, ties to even, for |x| < 2^22 (exact: adding 1.5*2^52 in float64 leaves no fraction bits). */
export function nearestEven(x: number): number {
  return x + 6755399441055744 - 6755399441055744;
}

/** t = n ln 2 + f and g = e^f − 1. */
function reduceExp(t: number): { n: number; g: number } {
  const n = nearestEven(f(t * LOG2E));
  const r = f(f(t - f(n * LN2_HIGH)) - f(n * LN2_LOW));
  // Estrin: (C2 + C3 r) + r² ((C4 + C5 r) + r² (C6 + C7 r))
  const square = f(r * r);
  const low = f(C2 + f(r * C3));
  const middle = f(C4 + f(r * C5));
  const high = f(C6 + f(r * C7));
  const p = f(r * f(low + f(square * f(middle + f(square * high)))));
  return { n, g: f(r + f(r * p)) };
}

/** expm1 of a float32 in [−80, 80]:  n = 0: g, else 2ⁿ·g + (2ⁿ − 1). */
export function expm1Float32(t: number): number {
  const { n, g } = reduceExp(t);
  return n === 0 ? g : f(f(2 ** n * g) + f(2 ** n - 1));
}

/** exp of a float32 in [−80, 80]:  2ⁿ·g + 2ⁿ. */
export function expFloat32(t: number): number {
  const { n, g } = reduceExp(t);
  return f(f(2 ** n * g) + 2 ** n);
}

/** What is cached per row and class at the anchor: formed in float64, rounded once. 0 where the loss needs nothing. */
export function stateFloat32(loss: Loss, margins: ArrayLike<number>, y: number): Float32Array {
  const m = margins[0] as number;
  switch (loss) {
    case "squared":
      return Float32Array.of(0);
    case "logistic":
      // the smaller probability; negative where the row is on the wrong side
      return Float32Array.of((y * m < 0 ? -1 : 1) * sigmoid(-Math.abs(m)));
    case "softmax":
      return Float32Array.from(softmax(margins));
    case "squaredHinge":
    case "hinge":
      return Float32Array.of(1 - y * m);
    case "huber":
      return Float32Array.of(m - y);
  }
}

/**
 * out[c] = loss′(margin + change)[c] − loss′(margin)[c], from the cached state and the change of the margin (float32 each).
 * `state` and `change` are read at `offset` … `offset + K − 1` and 0 … K − 1.
 */
export function differenceFloat32(
  loss: Loss,
  state: ArrayLike<number>,
  offset: number,
  change: ArrayLike<number>,
  y: number,
  tau: number,
  out: Float32Array,
): void {
  const s = state[offset] as number;
  const t = change[0] as number;
  switch (loss) {
    case "squared":
      out[0] = t;
      return;
    case "logistic": {
      // q the smaller probability; moving it by e^t: q e^t / (1 − q + q e^t) − q = q(1 − q)E / (1 + qE),  E = e^t − 1.
      // On the right side q = σ(−y m) and loss′ = −y q; on the wrong side (state < 0) q = σ(y m) and loss′ = −y (1 − q).
      const q = Math.abs(s);
      const side = s < 0 ? y : -y;
      const E = expm1Float32(clip(f(side * t), 80));
      out[0] = side * f(f(f(q * f(1 - q)) * E) / f(1 + f(q * E)));
      return;
    }
    case "softmax": {
      // p_c e^{t_c} / Σ p_l e^{t_l} − p_c = p_c (E_c − S) / (1 + S),  E_c = e^{t_c − t_top} − 1, S = Σ p_l E_l: a common shift of
      // all changes does not matter, and relative to the likeliest class 1 + S >= p_top >= 1/K
      const K = out.length;
      let top = 0;
      for (let c = 1; c < K; c++) if ((state[offset + c] as number) > (state[offset + top] as number)) top = c;
      const shift = change[top] as number;
      let S = 0;
      for (let c = 0; c < K; c++) {
        const E = expm1Float32(clip(f((change[c] as number) - shift), 80));
        out[c] = E;
        S = f(S + f((state[offset + c] as number) * E));
      }
      const total = f(1 + S);
      for (let c = 0; c < K; c++) out[c] = f(f((state[offset + c] as number) * f((out[c] as number) - S)) / total);
      return;
    }
    case "squaredHinge": {
      const u2 = f(s - f(y * t));
      out[0] = s > 0 ? (u2 > 0 ? t : f(y * s)) : u2 > 0 ? -f(y * u2) : 0;
      return;
    }
    case "hinge": {
      const u2 = f(s - f(y * t));
      out[0] = f((s > 0 ? y : 0) - (u2 > 0 ? y : 0));
      return;
    }
    case "huber": {
      const tau32 = f(tau);
      const e2 = f(s + t);
      const inside = Math.abs(s) <= tau32 && Math.abs(e2) <= tau32;
      out[0] = inside ? t : f(clip(e2, tau32) - clip(s, tau32));
      return;
    }
  }
}

/** out[c] = loss′(m)[c] in float32, for SGD and LP-SGD; the label is rounded to float32. */
export function derivativeFloat32(
  loss: Loss,
  margins: ArrayLike<number>,
  label: number,
  tau: number,
  out: Float32Array,
): void {
  const y = f(label);
  const m = margins[0] as number;
  switch (loss) {
    case "squared":
      out[0] = f(m - y);
      return;
    case "logistic":
      out[0] = f(-y / f(1 + expFloat32(clip(f(y * m), 80))));
      return;
    case "softmax": {
      const K = out.length;
      let max = -Infinity;
      for (let c = 0; c < K; c++) max = Math.max(max, margins[c] as number);
      let sum = 0;
      for (let c = 0; c < K; c++) {
        const e = expFloat32(clip(f((margins[c] as number) - max), 80));
        out[c] = e;
        sum = f(sum + e);
      }
      for (let c = 0; c < K; c++) out[c] = f(f((out[c] as number) / sum) - (c === y ? 1 : 0));
      return;
    }
    case "squaredHinge": {
      const t = f(1 - f(y * m));
      out[0] = t > 0 ? f(-y * t) : 0;
      return;
    }
    case "hinge": {
      const t = f(1 - f(y * m));
      out[0] = t > 0 ? -y : 0;
      return;
    }
    case "huber":
      out[0] = clip(f(m - y), f(tau));
      return;
  }
}
