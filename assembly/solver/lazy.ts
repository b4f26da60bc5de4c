// The dense part of the steps, one column at a time and only when it is looked at. Between two visits a column's z sees nothing but
//   z ← e^(−a)·z − h·(1 − e^(−a))/a          a = alpha·r (l2), h = alpha·G/delta (full gradient): the exact flow of z′ = −r·z − G over one step
// and p of these steps are, as a geometric series,
//   z ← z − W·(a·z + h),                     W = (1 − e^(−p·a))/a = Σ over the p steps,  p when a is 0
// docs/numerics.md "Sparse rows". In float64: nothing is rounded to a code before a row writes.
// Slots: per column the step it stands at (u32), a (f32), and per class h (f32) and z (f32, a whole number for integer models).

import { LazyRun } from "./lazy-run";

/** Offsets in a slot. */
export const RATE_AT: usize = 4;
export const DRIFT_AT: usize = 8;
export const MODEL_AT: usize = 12;
/** Bytes per class. */
export const PART: usize = 8;

/** Below this p·a the series of (1 − e⁻ˣ)/x up to x⁷ is right to x⁸/9! < 2⁻²⁶. */
export const NEAR: f64 = 0.5;
/** e⁻ˣ is below half a unit of 1 in float64. */
const FAR: f64 = 64;
/** Keeps products finite: an infinite rate or drift times 0 would be NaN. */
const LARGEST: f64 = 1e30;

@unmanaged
export abstract class lazy {
  /** Bytes per slot: classes come in pairs, unless there is one. */
  @inline
  static stride(classes: u32): usize {
    return classes == 1 ? 16 : (8 + PART * <usize>((classes + 1) & ~1) + 15) & ~15;
  }

  @inline
  static slot(run: LazyRun, column: u32): usize {
    return run.slots + <usize>column * lazy.stride(run.classes);
  }

  /** (1 − e⁻ˣ)/x = Σ (−x)ⁱ/(i + 1)! for x < NEAR, in pairs of terms. */
  @inline
  static near(x: f64): f64 {
    const square = x * x;
    const low = 1 + x * -0.5 + square * (1.0 / 6 + x * (-1.0 / 24));
    const high = 1.0 / 120 + x * (-1.0 / 720) + square * (1.0 / 5040 + x * (-1.0 / 40320));
    return low + square * square * high;
  }

  /** The same of two columns. */
  @inline
  static near2(xF64x2: v128): v128 {
    const squareF64x2 = f64x2.mul(xF64x2, xF64x2);
    const lowF64x2 = f64x2.add(
      lazy.line2(xF64x2, 1, -0.5),
      f64x2.mul(squareF64x2, lazy.line2(xF64x2, 1.0 / 6, -1.0 / 24)),
    );
    const highF64x2 = f64x2.add(
      lazy.line2(xF64x2, 1.0 / 120, -1.0 / 720),
      f64x2.mul(squareF64x2, lazy.line2(xF64x2, 1.0 / 5040, -1.0 / 40320)),
    );
    return f64x2.add(lowF64x2, f64x2.mul(f64x2.mul(squareF64x2, squareF64x2), highF64x2));
  }

  @inline
  static line2(xF64x2: v128, a: f64, b: f64): v128 {
    return f64x2.add(f64x2.splat(a), f64x2.mul(xF64x2, f64x2.splat(b)));
  }

  /** W(p, a) of an x that is not near: of p/2ᵏ steps, doubled k times, 1 − e⁻²ˣ = (1 − e⁻ˣ)(2 − (1 − e⁻ˣ)): nothing cancels. */
  static far(p: f64, a: f64): f64 {
    if (p * a >= FAR) return 1 / a;
    let doublings = 0;
    while (p * a >= NEAR) {
      p *= 0.5;
      doublings++;
    }
    let weight = p * lazy.near(p * a);
    for (; doublings > 0; doublings--) weight = weight * (2 - a * weight);
    return weight;
  }

  /** W(p, a). */
  @inline
  static weight(p: f64, a: f64): f64 {
    const x = p * a;
    return x < NEAR ? p * lazy.near(x) : lazy.far(p, a);
  }

  /** W of a slot at step `step`. */
  @inline
  static missed(slot: usize, step: u32): f64 {
    return lazy.weight(<f64>(step - load<u32>(slot)), <f64>load<f32>(slot, RATE_AT));
  }

  /** z of one class at `part` (slot + class·PART), from its slot's W. */
  @inline
  static value(slot: usize, part: usize, weight: f64): f64 {
    const z = <f64>load<f32>(part, MODEL_AT);
    return z - weight * (<f64>load<f32>(slot, RATE_AT) * z + <f64>load<f32>(part, DRIFT_AT));
  }

  /** What is stored of a value: a code of Z, stochastically rounded with the offset u, or a float32. */
  @inline
  static code<Z>(value: f64, u: f64): f32 {
    if (isFloat<Z>()) return <f32>value;
    else {
      const limit: f64 = sizeof<Z>() == 1 ? 127 : 32767;
      return <f32>max<f64>(min<f64>(floor(value + u), limit), -limit - 1);
    }
  }

  /** u of column j. */
  @inline
  static offset(run: LazyRun, column: u32): f64 {
    return <f64>(run.offset + column * run.spread) * (1.0 / 4294967296.0);
  }

  /** Slots `from` to `to` (not included) at step 0: a, h and z of the run's ridge, gradient and z. */
  static open<Z>(run: LazyRun, from: u32, to: u32): void {
    const classes = run.classes;
    const pairs: u32 = classes == 1 ? 1 : (classes + 1) & ~1;
    const columns = <usize>run.columns;
    for (let column = from; column < to; column++) {
      const slot = lazy.slot(run, column);
      store<u32>(slot, 0);
      store<f32>(slot, <f32>min<f64>(run.alpha * load<f64>(run.ridge + ((<usize>column) << 3)), LARGEST), RATE_AT);
      for (let c: u32 = 0; c < pairs; c++) {
        const part = slot + <usize>c * PART;
        let drift: f64 = 0;
        let z: f32 = 0;
        if (c < classes) {
          const at = <usize>c * columns + <usize>column;
          drift = (run.alpha * load<f64>(run.gradient + (at << 3))) / run.delta;
          z = <f32>load<Z>(run.z + at * sizeof<Z>());
        }
        store<f32>(part, <f32>max<f64>(min<f64>(drift, LARGEST), -LARGEST), DRIFT_AT);
        store<f32>(part, z, MODEL_AT);
      }
    }
  }

  /** Slots `from` to `to` (not included) up to the run's last step, rounded into z. */
  static settle<Z>(run: LazyRun, from: u32, to: u32): void {
    const columns = <usize>run.columns;
    for (let column = from; column < to; column++) {
      const slot = lazy.slot(run, column);
      const weight = lazy.missed(slot, run.step);
      const u = lazy.offset(run, column);
      for (let c: usize = 0; c < <usize>run.classes; c++) {
        const code = lazy.code<Z>(lazy.value(slot, slot + c * PART, weight), u);
        const at = run.z + (c * columns + <usize>column) * sizeof<Z>();
        if (isFloat<Z>()) store<f32>(at, code);
        else store<Z>(at, <Z>(<i32>code));
      }
    }
  }
}
