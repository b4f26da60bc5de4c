// The losses in float64: value and derivative per row, for the exact outer pass.
//   F(w, b) = 1/n Σ ωᵢ loss(marginᵢ, yᵢ) + l2/2 ‖w‖²
// Binary labels are ±1, classes 0 … K−1, targets real; all are stored as float64 per row.
import { scalar } from "./exp";

/** The order is part of the contract with the bindings. */
export const enum Loss {
  SQUARED = 0,
  LOGISTIC = 1,
  SOFTMAX = 2,
  SQUARED_HINGE = 3,
  HINGE = 4,
  HUBER = 5,
}

@unmanaged
export abstract class loss {
  /** σ(−t) = 1/(1 + eᵗ), without overflow. */
  @inline
  static sigmoidMinus(t: f64): f64 {
    const e = scalar.exp(-abs(t));
    return t >= 0 ? e / (1 + e) : 1 / (1 + e);
  }

  /** Value of the one-margin losses. */
  static value(kind: i32, margin: f64, y: f64, threshold: f64): f64 {
    if (kind == Loss.SQUARED) return 0.5 * (margin - y) * (margin - y);
    if (kind == Loss.LOGISTIC) {
      const t = y * margin;
      return max<f64>(0, -t) + scalar.log1p(scalar.exp(-abs(t)));
    }
    if (kind == Loss.HUBER) {
      const e = abs(margin - y);
      return e <= threshold ? 0.5 * e * e : threshold * e - 0.5 * threshold * threshold;
    }
    const slack = max<f64>(0, 1 - y * margin);
    return kind == Loss.HINGE ? slack : 0.5 * slack * slack;
  }

  /** First derivative by the margin. */
  static derivative(kind: i32, margin: f64, y: f64, threshold: f64): f64 {
    if (kind == Loss.SQUARED) return margin - y;
    if (kind == Loss.LOGISTIC) return -y * loss.sigmoidMinus(y * margin);
    if (kind == Loss.HUBER) return max(min(margin - y, threshold), -threshold);
    const slack = 1 - y * margin;
    if (slack <= 0) return 0;
    return kind == Loss.HINGE ? -y : -y * slack;
  }

  /** What the inner loop caches of a row at the anchor, rounded once (docs/numerics.md §6). */
  @inline
  static state(kind: i32, margin: f64, y: f64): f32 {
    if (kind == Loss.LOGISTIC) {
      const q = <f32>loss.sigmoidMinus(abs(margin));
      return y * margin < 0 ? -q : q;
    }
    if (kind == Loss.HUBER) return <f32>(margin - y);
    return <f32>(1 - y * margin);
  }

  /**
   * One pass over margins m (rows × classes f64): c = ωᵢ·loss′ (rows × classes f64), state (rows × classes f32),
   * y: rows f64, weights: rows f64 or 0. Returns Σ ωᵢ·loss, a compensated sum (Neumaier): good to the last bits for any number of rows.
   */
  static pass(
    kind: i32,
    m: usize,
    y: usize,
    weights: usize,
    rows: i32,
    classes: i32,
    threshold: f64,
    c: usize,
    state: usize,
  ): f64 {
    let total: f64 = 0;
    let lost: f64 = 0;
    let row = 0;
    if (kind == Loss.LOGISTIC) {
      for (; row + 2 <= rows; row += 2) {
        const termsF64x2 = loss.logistic2(m, y, weights, c, state);
        for (let i = 0; i < 2; i++) {
          const term = i == 0 ? f64x2.extract_lane(termsF64x2, 0) : f64x2.extract_lane(termsF64x2, 1);
          const next = total + term;
          lost += abs(total) >= abs(term) ? total - next + term : term - next + total;
          total = next;
        }
        m += 16;
        y += 16;
        c += 16;
        state += 8;
        if (weights) weights += 16;
      }
    }
    for (; row < rows; row++) {
      let term: f64;
      const label = load<f64>(y);
      const weight = weights ? load<f64>(weights) : 1;
      if (kind == Loss.SOFTMAX) {
        term = weight * loss.softmax(m, <i32>label, classes, weight, c, state);
        m += (<usize>classes) << 3;
        c += (<usize>classes) << 3;
        state += (<usize>classes) << 2;
      } else {
        const margin = load<f64>(m);
        term = weight * loss.value(kind, margin, label, threshold);
        store<f64>(c, weight * loss.derivative(kind, margin, label, threshold));
        store<f32>(state, loss.state(kind, margin, label));
        m += 8;
        c += 8;
        state += 4;
      }
      y += 8;
      if (weights) weights += 8;
      const next = total + term;
      lost += abs(total) >= abs(term) ? total - next + term : term - next + total;
      total = next;
    }
    return lost == lost ? total + lost : total; // an infinite term leaves NaN in lost
  }

  /** Two logistic rows: their weighted values; the same bits as one by one, with one exponential instead of three. */
  @inline
  static logistic2(m: usize, y: usize, weights: usize, c: usize, state: usize): v128 {
    const oneF64x2 = f64x2.splat(1);
    const zeroF64x2 = f64x2.splat(0);
    const yF64x2 = v128.load(y);
    const tF64x2 = f64x2.mul(yF64x2, v128.load(m));
    const eF64x2 = scalar.expNegativex2(f64x2.neg(f64x2.abs(tF64x2)));
    const totalF64x2 = f64x2.add(oneF64x2, eF64x2);
    const smallF64x2 = f64x2.div(eF64x2, totalF64x2);
    const isWrongF64x2 = f64x2.lt(tF64x2, zeroF64x2);
    const sigmaF64x2 = v128.bitselect(f64x2.div(oneF64x2, totalF64x2), smallF64x2, isWrongF64x2);
    let valueF64x2 = f64x2.add(f64x2.max(zeroF64x2, f64x2.neg(tF64x2)), scalar.log1px2(eF64x2));
    let cF64x2 = f64x2.mul(f64x2.neg(yF64x2), sigmaF64x2);
    if (weights) {
      const weightF64x2 = v128.load(weights);
      valueF64x2 = f64x2.mul(weightF64x2, valueF64x2);
      cF64x2 = f64x2.mul(weightF64x2, cF64x2);
    }
    v128.store(c, cF64x2);
    const signedF64x2 = v128.bitselect(f64x2.neg(smallF64x2), smallF64x2, isWrongF64x2);
    v128.store64_lane(state, f32x4.demote_f64x2_zero(signedF64x2), 0);
    return valueF64x2;
  }

  /** One softmax row: log Σ eᵐ − m_label, c = weight·(p − onehot), state = p. */
  static softmax(m: usize, label: i32, classes: i32, weight: f64, c: usize, state: usize): f64 {
    let top = load<f64>(m);
    for (let k = 1; k < classes; k++) top = max(top, load<f64>(m + ((<usize>k) << 3)));
    const topF64x2 = f64x2.splat(top);
    const last = (<usize>(classes & ~1)) << 3;
    const end = (<usize>classes) << 3;
    for (let k: usize = 0; k < last; k += 16) {
      v128.store(c + k, scalar.expNegativex2(f64x2.sub(v128.load(m + k), topF64x2)));
    }
    if (last < end) store<f64>(c + last, scalar.exp(load<f64>(m + last) - top));
    let sum: f64 = 0;
    for (let k: usize = 0; k < end; k += 8) sum += load<f64>(c + k);
    const sumF64x2 = f64x2.splat(sum);
    const weightF64x2 = f64x2.splat(weight);
    const at = (<usize>label) << 3;
    const own = load<f64>(c + at) / sum;
    for (let k: usize = 0; k < last; k += 16) {
      const pF64x2 = f64x2.div(v128.load(c + k), sumF64x2);
      v128.store64_lane(state + (k >> 1), f32x4.demote_f64x2_zero(pF64x2), 0);
      v128.store(c + k, f64x2.mul(weightF64x2, pF64x2));
    }
    if (last < end) {
      const p = load<f64>(c + last) / sum;
      store<f32>(state + (last >> 1), <f32>p);
      store<f64>(c + last, weight * p);
    }
    store<f64>(c + at, weight * (own - 1));
    return scalar.log(sum) + (top - load<f64>(m + ((<usize>label) << 3)));
  }
}
