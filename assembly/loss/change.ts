// Derivatives inside the inner loop, float32.
// `difference` is loss′(margin + change) − loss′(margin), formed from the change itself: a difference of two nearly equal
// numbers would lose all digits as the run converges, and with them the curvature that makes variance reduction contract.
// docs/numerics.md §6; expressions derived there.
import { scalar } from "./exp";
import { Loss } from "./loss";

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
      // state = ±σ(−|margin|), negative on the wrong side: the smaller probability q keeps its digits on both sides, and
      // 1 + q·expm1 ≥ ½ needs no guard
      const q = abs(state);
      const side: f32 = state < 0 ? y : -y;
      const e = scalar.expm1f(side * delta);
      return side * ((q * (1 - q) * e) / (1 + q * e));
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

  /** Logistic, four rows at once: the same numbers as `difference`. */
  @inline
  static logistic4(deltaF32x4: v128, stateF32x4: v128, yF32x4: v128): v128 {
    const oneF32x4 = f32x4.splat(1);
    const qF32x4 = f32x4.abs(stateF32x4);
    // −y, and +y for a negative state: the sign bits
    const signF32x4 = v128.andnot(f32x4.splat(-0.0), stateF32x4);
    const sideF32x4 = v128.xor(yF32x4, signF32x4);
    const eF32x4 = scalar.expm1x4(scalar.boundedx4(f32x4.mul(sideF32x4, deltaF32x4)));
    const topF32x4 = f32x4.mul(f32x4.mul(qF32x4, f32x4.sub(oneF32x4, qF32x4)), eF32x4);
    return f32x4.mul(sideF32x4, f32x4.div(topF32x4, f32x4.add(oneF32x4, f32x4.mul(qF32x4, eF32x4))));
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

  /**
   * Softmax, in place: changes (classes f32, the array padded to a multiple of 4) → p·(E − S)/(1 + S) with E = expm1(change − change of the
   * likeliest class), S = Σ p·E; p: classes f32, 16 more bytes readable. Relative to the likeliest class 1 + S ≥ 1/classes, so nothing
   * cancels. Padding ends as zeros.
   */
  static softmaxDifference(changes: usize, p: usize, classes: i32): void {
    const bytes = (<usize>classes) << 2;
    const padded = (bytes + 15) & ~15;
    let top = load<f32>(p);
    let shift = load<f32>(changes);
    for (let k: usize = 4; k < bytes; k += 4) {
      const other = load<f32>(p + k);
      if (other > top) {
        top = other;
        shift = load<f32>(changes + k);
      }
    }
    const shiftF32x4 = f32x4.splat(shift);
    for (let k: usize = 0; k < padded; k += 16) {
      v128.store(changes + k, scalar.expm1x4(scalar.boundedx4(f32x4.sub(v128.load(changes + k), shiftF32x4))));
    }
    let sum: f32 = 0;
    for (let k: usize = 0; k < bytes; k += 4) sum += load<f32>(p + k) * load<f32>(changes + k);
    const sumF32x4 = f32x4.splat(sum);
    const totalF32x4 = f32x4.splat(1 + sum);
    for (let k: usize = 0; k < padded; k += 16) {
      const movedF32x4 = f32x4.mul(v128.load(p + k), f32x4.sub(v128.load(changes + k), sumF32x4));
      v128.store(changes + k, f32x4.div(movedF32x4, totalF32x4));
    }
    for (let k = bytes; k < padded; k += 4) store<f32>(changes + k, 0);
  }

  /** Softmax, in place: margins (classes f32, the array padded to a multiple of 4) → p − onehot. Padding ends as zeros. */
  static softmaxDerivative(margins: usize, label: i32, classes: i32): void {
    const bytes = (<usize>classes) << 2;
    let top = load<f32>(margins);
    for (let k: usize = 4; k < bytes; k += 4) top = max<f32>(top, load<f32>(margins + k));
    let sum: f32 = 0;
    const padded = (bytes + 15) & ~15;
    const topF32x4 = f32x4.splat(top);
    for (let k: usize = 0; k < padded; k += 16) {
      v128.store(margins + k, scalar.expx4(scalar.boundedx4(f32x4.sub(v128.load(margins + k), topF32x4))));
    }
    for (let k: usize = 0; k < bytes; k += 4) sum += load<f32>(margins + k);
    const sumF32x4 = f32x4.splat(sum);
    for (let k: usize = 0; k < padded; k += 16) v128.store(margins + k, f32x4.div(v128.load(margins + k), sumF32x4));
    for (let k = bytes; k < padded; k += 4) store<f32>(margins + k, 0);
    const at = margins + ((<usize>label) << 2);
    store<f32>(at, load<f32>(at) - 1);
  }
}
