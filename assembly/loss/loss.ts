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
    for (let row = 0; row < rows; row++) {
      let term: f64;
      const label = load<f64>(y + ((<usize>row) << 3));
      const weight = weights ? load<f64>(weights + ((<usize>row) << 3)) : 1;
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
      const next = total + term;
      lost += abs(total) >= abs(term) ? total - next + term : term - next + total;
      total = next;
    }
    return lost == lost ? total + lost : total; // an infinite term leaves NaN in lost
  }

  /** One softmax row: log Σ eᵐ − m_label, c = weight·(p − onehot), state = p. */
  static softmax(m: usize, label: i32, classes: i32, weight: f64, c: usize, state: usize): f64 {
    let top = load<f64>(m);
    for (let k = 1; k < classes; k++) top = max(top, load<f64>(m + ((<usize>k) << 3)));
    let sum: f64 = 0;
    for (let k = 0; k < classes; k++) {
      const e = scalar.exp(load<f64>(m + ((<usize>k) << 3)) - top);
      store<f64>(c + ((<usize>k) << 3), e);
      sum += e;
    }
    for (let k = 0; k < classes; k++) {
      const p = load<f64>(c + ((<usize>k) << 3)) / sum;
      store<f32>(state + ((<usize>k) << 2), <f32>p);
      store<f64>(c + ((<usize>k) << 3), weight * (k == label ? p - 1 : p));
    }
    return scalar.log(sum) + (top - load<f64>(m + ((<usize>label) << 3)));
  }
}
