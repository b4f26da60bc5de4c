// Derivatives inside the inner loop, float32.
// `difference` is loss′(margin + change) − loss′(margin), formed from the change itself: a difference of two nearly equal
// numbers would lose all digits as the run converges, and with them the curvature that makes variance reduction contract.
// docs/numerics.md §6; expressions derived there.
import { scalar } from "./exp";
import { Loss } from "./loss";

/** Smallest denominator: guards 0/0 when a probability rounds to 1 and eᵗ − 1 to −1. */
const TINY: f32 = 7.888609052210118e-31; // 2⁻¹⁰⁰

@unmanaged
export abstract class change {
  @inline
  static clip(value: f32, limit: f32): f32 {
    return max<f32>(min<f32>(value, limit), -limit);
  }

  /** One-margin losses. state: as cached by loss.state at the anchor. */
  static difference(kind: i32, delta: f32, state: f32, y: f32, threshold: f32): f32 {
    if (kind == Loss.SQUARED) return delta;
    if (kind == Loss.LOGISTIC) {
      const e = scalar.expm1f(scalar.bounded(-y * delta));
      return -y * ((state * (1 - state) * e) / max<f32>(1 + state * e, TINY));
    }
    if (kind == Loss.HUBER) {
      const moved = state + delta;
      if (abs(state) <= threshold && abs(moved) <= threshold) return delta;
      return change.clip(moved, threshold) - change.clip(state, threshold);
    }
    const moved = state - y * delta;
    if (kind == Loss.HINGE) return (state > 0 ? y : <f32>0) - (moved > 0 ? y : <f32>0);
    if (state > 0) return moved > 0 ? delta : y * state;
    return moved > 0 ? -(y * moved) : <f32>0;
  }

  /** The derivative itself, for SGD: margin is the whole margin. */
  static derivative(kind: i32, margin: f32, y: f32, threshold: f32): f32 {
    if (kind == Loss.SQUARED) return margin - y;
    if (kind == Loss.LOGISTIC) return -y / (1 + scalar.expf(scalar.bounded(y * margin)));
    if (kind == Loss.HUBER) return change.clip(margin - y, threshold);
    const slack = <f32>1 - y * margin;
    if (slack <= 0) return 0;
    return kind == Loss.HINGE ? -y : -y * slack;
  }

  /** Softmax, in place: changes (classes f32) → p·(E − S)/(1 + S) with E = expm1(change), S = Σ p·E; p: classes f32. */
  static softmaxDifference(changes: usize, p: usize, classes: i32): void {
    let sum: f32 = 0;
    const bytes = <usize>classes << 2;
    for (let k: usize = 0; k < bytes; k += 4) {
      const e = scalar.expm1f(scalar.bounded(load<f32>(changes + k)));
      store<f32>(changes + k, e);
      sum += load<f32>(p + k) * e;
    }
    const total = max<f32>(1 + sum, TINY);
    for (let k: usize = 0; k < bytes; k += 4) {
      store<f32>(changes + k, (load<f32>(p + k) * (load<f32>(changes + k) - sum)) / total);
    }
  }

  /** Softmax, in place: margins (classes f32) → p − onehot. */
  static softmaxDerivative(margins: usize, label: i32, classes: i32): void {
    const bytes = <usize>classes << 2;
    let top = load<f32>(margins);
    for (let k: usize = 4; k < bytes; k += 4) top = max<f32>(top, load<f32>(margins + k));
    let sum: f32 = 0;
    for (let k: usize = 0; k < bytes; k += 4) {
      const e = scalar.expf(scalar.bounded(load<f32>(margins + k) - top));
      store<f32>(margins + k, e);
      sum += e;
    }
    for (let k: usize = 0; k < bytes; k += 4) store<f32>(margins + k, load<f32>(margins + k) / sum);
    const at = margins + (<usize>label << 2);
    store<f32>(at, load<f32>(at) - 1);
  }
}
