// Second derivatives: per row for the Hessian products, and along a plane for the line search. Float32 from the cached states, which is
// plenty for a direction: the exact pass after it decides.
import { lanes } from "../core/lanes";
import { change } from "./change";
import { scalar } from "./exp";
import { Loss } from "./loss";

@unmanaged
export abstract class curvature {
  /** h = ωᵢ·loss″(margin) of the one-margin losses from their states; weights: rows f32 or 0; h: rows f32. Squared hinge and Huber: the generalised one; hinge: 0. */
  static rows(kind: i32, state: usize, weights: usize, rows: i32, threshold: f32, h: usize): void {
    for (let i: usize = 0; i < <usize>rows; i++) {
      const s = load<f32>(state + (i << 2));
      let value: f32 = 1;
      if (kind == Loss.LOGISTIC) {
        const q = abs(s);
        value = q * (1 - q);
      } else if (kind == Loss.HUBER) {
        value = abs(s) <= threshold ? 1 : 0;
      } else if (kind == Loss.SQUARED_HINGE) {
        value = s > 0 ? 1 : 0;
      } else if (kind == Loss.HINGE) {
        value = 0;
      }
      if (weights) value *= load<f32>(weights + (i << 2));
      store<f32>(h + (i << 2), value);
    }
  }

  /** t = h·(unit·a + shift), one margin per row; a: rows i32, h, t: rows f32. Returns max|t|. */
  static apply1(a: usize, unit: f32, shift: f32, h: usize, rows: i32, t: usize): f32 {
    const unitF32x4 = f32x4.splat(unit);
    const shiftF32x4 = f32x4.splat(shift);
    let topF32x4 = f32x4.splat(0);
    let i: usize = 0;
    for (const end = (<usize>(rows & ~3)) << 2; i < end; i += 16) {
      const marginF32x4 = f32x4.add(f32x4.mul(unitF32x4, f32x4.convert_i32x4_s(v128.load(a + i))), shiftF32x4);
      const tF32x4 = f32x4.mul(v128.load(h + i), marginF32x4);
      topF32x4 = f32x4.max(topF32x4, f32x4.abs(tF32x4));
      v128.store(t + i, tF32x4);
    }
    let top = max(
      max(f32x4.extract_lane(topF32x4, 0), f32x4.extract_lane(topF32x4, 1)),
      max(f32x4.extract_lane(topF32x4, 2), f32x4.extract_lane(topF32x4, 3)),
    );
    for (const end = (<usize>rows) << 2; i < end; i += 4) {
      const value = load<f32>(h + i) * (unit * <f32>load<i32>(a + i) + shift);
      top = max(top, abs(value));
      store<f32>(t + i, value);
    }
    return top;
  }

  /**
   * Softmax: t = ω·(diag(p) − ppᵀ)·(unit·a + shift) per row; a: rows × classes i32, shift: classes f64, p, t: rows × classes f32,
   * weights: rows f32 or 0. Returns max|t|.
   */
  static applySoftmax(
    a: usize,
    unit: f32,
    shift: usize,
    p: usize,
    weights: usize,
    rows: i32,
    classes: i32,
    t: usize,
  ): f32 {
    const bytes = (<usize>classes) << 2;
    const fours = bytes & ~15;
    const unitF32x4 = f32x4.splat(unit);
    let topF32x4 = f32x4.splat(0);
    let top: f32 = 0;
    for (let row: usize = 0; row < <usize>rows; row++) {
      // in the order of the classes, so that the width of a vector is in no bit
      let mean: f32 = 0;
      let k: usize = 0;
      for (; k < fours; k += 16) {
        const low = shift + (k << 1);
        const shiftF32x4 = i64x2.shuffle(
          f32x4.demote_f64x2_zero(v128.load(low)),
          f32x4.demote_f64x2_zero(v128.load(low, 16)),
          0,
          2,
        );
        const marginF32x4 = f32x4.add(f32x4.mul(unitF32x4, f32x4.convert_i32x4_s(v128.load(a + k))), shiftF32x4);
        v128.store(t + k, marginF32x4);
        const partF32x4 = f32x4.mul(v128.load(p + k), marginF32x4);
        mean += f32x4.extract_lane(partF32x4, 0);
        mean += f32x4.extract_lane(partF32x4, 1);
        mean += f32x4.extract_lane(partF32x4, 2);
        mean += f32x4.extract_lane(partF32x4, 3);
      }
      for (; k < bytes; k += 4) {
        const margin = unit * <f32>load<i32>(a + k) + <f32>load<f64>(shift + (k << 1));
        store<f32>(t + k, margin);
        mean += load<f32>(p + k) * margin;
      }
      const weight = weights ? load<f32>(weights + (row << 2)) : <f32>1;
      const meanF32x4 = f32x4.splat(mean);
      const weightF32x4 = f32x4.splat(weight);
      for (k = 0; k < fours; k += 16) {
        const ownF32x4 = f32x4.mul(v128.load(p + k), f32x4.sub(v128.load(t + k), meanF32x4));
        const valueF32x4 = f32x4.mul(weightF32x4, ownF32x4);
        topF32x4 = f32x4.max(topF32x4, f32x4.abs(valueF32x4));
        v128.store(t + k, valueF32x4);
      }
      for (; k < bytes; k += 4) {
        const value = weight * (load<f32>(p + k) * (load<f32>(t + k) - mean));
        top = max(top, abs(value));
        store<f32>(t + k, value);
      }
      a += bytes;
      p += bytes;
      t += bytes;
    }
    const top2F32x4 = f32x4.max(topF32x4, i32x4.shuffle(topF32x4, topF32x4, 2, 3, 0, 1));
    top = max(top, max(f32x4.extract_lane(top2F32x4, 0), f32x4.extract_lane(top2F32x4, 1)));
    return top;
  }

  /** In place, float64: u = D·u per row, D as in apply1 and applySoftmax; u: rows × classes f64. */
  static apply(u: usize, h: usize, p: usize, weights: usize, rows: i32, classes: i32): void {
    if (classes == 1) {
      for (let i: usize = 0; i < <usize>rows; i++) {
        store<f64>(u + (i << 3), <f64>load<f32>(h + (i << 2)) * load<f64>(u + (i << 3)));
      }
      return;
    }
    const bytes = (<usize>classes) << 2;
    for (let row: usize = 0; row < <usize>rows; row++) {
      let mean: f64 = 0;
      for (let k: usize = 0; k < bytes; k += 4) mean += <f64>load<f32>(p + k) * load<f64>(u + (k << 1));
      const weight: f64 = weights ? <f64>load<f32>(weights + (row << 2)) : 1;
      for (let k: usize = 0; k < bytes; k += 4) {
        const at = u + (k << 1);
        store<f64>(at, weight * (<f64>load<f32>(p + k) * (load<f64>(at) - mean)));
      }
      p += bytes;
      u += bytes << 1;
    }
  }

  /** Weight of a row in the preconditioner: h itself, softmax mean over k of p(1 − p); out: rows f32. Returns the largest. */
  static rowWeights(h: usize, p: usize, weights: usize, rows: i32, classes: i32, out: usize): f32 {
    let top: f32 = 0;
    for (let i: usize = 0; i < <usize>rows; i++) {
      let value: f32;
      if (classes == 1) value = load<f32>(h + (i << 2));
      else {
        let sum: f32 = 0;
        for (let k: usize = 0; k < <usize>classes; k++) {
          const q = load<f32>(p + (k << 2));
          sum += q * (1 - q);
        }
        value = sum / <f32>classes;
        if (weights) value *= load<f32>(weights + (i << 2));
        p += (<usize>classes) << 2;
      }
      top = max(top, value);
      store<f32>(out + (i << 2), value);
    }
    return top;
  }

  /** Weight of a row in the diagonal of class k: h itself, softmax ω·p(1 − p); out: rows f32. */
  static classWeights(h: usize, p: usize, weights: usize, rows: i32, classes: i32, k: i32, out: usize): void {
    for (let i: usize = 0; i < <usize>rows; i++) {
      let value: f32;
      if (classes == 1) value = load<f32>(h + (i << 2));
      else {
        const q = load<f32>(p + ((i * <usize>classes + <usize>k) << 2));
        value = q * (1 - q);
        if (weights) value *= load<f32>(weights + (i << 2));
      }
      store<f32>(out + (i << 2), value);
    }
  }

  /** Σ of the lanes of an f32x4 in float64, lane by lane. */
  @inline
  static sum(aF32x4: v128): f64 {
    const lowF64x2 = f64x2.promote_low_f32x4(aF32x4);
    const highF64x2 = f64x2.promote_low_f32x4(i32x4.shuffle(aF32x4, aF32x4, 2, 3, 0, 1));
    return lanes.sumF64(f64x2.add(lowF64x2, highF64x2));
  }

  /** Four float64 at `at`, times factor, as f32x4. */
  @inline
  static four(at: usize, factorF64x2: v128): v128 {
    const lowF32x4 = f32x4.demote_f64x2_zero(f64x2.mul(v128.load(at), factorF64x2));
    const highF32x4 = f32x4.demote_f64x2_zero(f64x2.mul(v128.load(at, 16), factorF64x2));
    return i32x4.shuffle(lowF32x4, highF32x4, 0, 1, 4, 5);
  }

  /**
   * The plane margin + a₁U₁ + a₂U₂ of a one-margin loss (not hinge), seen from the anchor (states): with uⱼ = Uⱼ·inverseⱼ and dᵢ = loss′ − loss′(anchor),
   *   out += Σ ωd·u₁, Σ ωd·u₂, Σ ωh·u₁², Σ ωh·u₁u₂, Σ ωh·u₂²   (five f64), h = loss″ at the point.
   * state, y: rows f32; weights: rows f32 or 0; u1: rows f64; u2: the same, or 0; every array readable and finite, and U zero, to a multiple of 4 rows.
   */
  static plane1(
    kind: i32,
    state: usize,
    y: usize,
    weights: usize,
    u1: usize,
    u2: usize,
    rows: i32,
    threshold: f32,
    a1: f64,
    a2: f64,
    inverse1: f64,
    inverse2: f64,
    out: usize,
  ): void {
    let left = (rows + 3) & ~3;
    const oneF32x4 = f32x4.splat(1);
    const zeroF32x4 = f32x4.splat(0);
    const thresholdF32x4 = f32x4.splat(threshold);
    const a1F64x2 = f64x2.splat(a1);
    const a2F64x2 = f64x2.splat(a2);
    const inverse1F64x2 = f64x2.splat(inverse1);
    const inverse2F64x2 = f64x2.splat(inverse2);
    while (left > 0) {
      // float32 sums over at most 256 rows, then float64
      const block = min(left, 256);
      const end = state + ((<usize>block) << 2);
      let g1F32x4 = zeroF32x4;
      let g2F32x4 = zeroF32x4;
      let h11F32x4 = zeroF32x4;
      let h12F32x4 = zeroF32x4;
      let h22F32x4 = zeroF32x4;
      while (state < end) {
        let deltaF32x4 = curvature.four(u1, a1F64x2);
        const v1F32x4 = curvature.four(u1, inverse1F64x2);
        let v2F32x4 = zeroF32x4;
        if (u2) {
          deltaF32x4 = f32x4.add(deltaF32x4, curvature.four(u2, a2F64x2));
          v2F32x4 = curvature.four(u2, inverse2F64x2);
          u2 += 32;
        }
        const stateF32x4 = v128.load(state);
        let dF32x4 = deltaF32x4;
        let hF32x4 = oneF32x4;
        if (kind == Loss.LOGISTIC) {
          const yF32x4 = v128.load(y);
          const qF32x4 = f32x4.abs(stateF32x4);
          const sideF32x4 = v128.bitselect(yF32x4, f32x4.neg(yF32x4), f32x4.lt(stateF32x4, zeroF32x4));
          const eF32x4 = scalar.expm1x4(scalar.boundedx4(f32x4.mul(sideF32x4, deltaF32x4)));
          const scaleF32x4 = f32x4.add(oneF32x4, f32x4.mul(qF32x4, eF32x4));
          const ratioF32x4 = f32x4.div(f32x4.mul(qF32x4, f32x4.sub(oneF32x4, qF32x4)), scaleF32x4);
          dF32x4 = f32x4.mul(sideF32x4, f32x4.mul(ratioF32x4, eF32x4));
          hF32x4 = f32x4.div(f32x4.mul(ratioF32x4, f32x4.add(oneF32x4, eF32x4)), scaleF32x4);
        } else if (kind == Loss.HUBER) {
          const movedF32x4 = f32x4.add(stateF32x4, deltaF32x4);
          const insideF32x4 = f32x4.le(f32x4.abs(movedF32x4), thresholdF32x4);
          const bothF32x4 = v128.and(insideF32x4, f32x4.le(f32x4.abs(stateF32x4), thresholdF32x4));
          const lowF32x4 = f32x4.neg(thresholdF32x4);
          const clippedF32x4 = f32x4.pmax(f32x4.pmin(movedF32x4, thresholdF32x4), lowF32x4);
          const fromF32x4 = f32x4.pmax(f32x4.pmin(stateF32x4, thresholdF32x4), lowF32x4);
          dF32x4 = v128.bitselect(deltaF32x4, f32x4.sub(clippedF32x4, fromF32x4), bothF32x4);
          hF32x4 = v128.and(oneF32x4, insideF32x4);
        } else if (kind == Loss.SQUARED_HINGE) {
          const yF32x4 = v128.load(y);
          const movedF32x4 = f32x4.sub(stateF32x4, f32x4.mul(yF32x4, deltaF32x4));
          const insideF32x4 = f32x4.gt(movedF32x4, zeroF32x4);
          const bothF32x4 = v128.and(insideF32x4, f32x4.gt(stateF32x4, zeroF32x4));
          const slackF32x4 = f32x4.sub(f32x4.pmax(movedF32x4, zeroF32x4), f32x4.pmax(stateF32x4, zeroF32x4));
          dF32x4 = v128.bitselect(deltaF32x4, f32x4.neg(f32x4.mul(yF32x4, slackF32x4)), bothF32x4);
          hF32x4 = v128.and(oneF32x4, insideF32x4);
        }
        if (weights) {
          const weightF32x4 = v128.load(weights);
          dF32x4 = f32x4.mul(dF32x4, weightF32x4);
          hF32x4 = f32x4.mul(hF32x4, weightF32x4);
          weights += 16;
        }
        g1F32x4 = f32x4.add(g1F32x4, f32x4.mul(dF32x4, v1F32x4));
        g2F32x4 = f32x4.add(g2F32x4, f32x4.mul(dF32x4, v2F32x4));
        const hv1F32x4 = f32x4.mul(hF32x4, v1F32x4);
        h11F32x4 = f32x4.add(h11F32x4, f32x4.mul(hv1F32x4, v1F32x4));
        h12F32x4 = f32x4.add(h12F32x4, f32x4.mul(hv1F32x4, v2F32x4));
        h22F32x4 = f32x4.add(h22F32x4, f32x4.mul(f32x4.mul(hF32x4, v2F32x4), v2F32x4));
        state += 16;
        y += 16;
        u1 += 32;
      }
      store<f64>(out, load<f64>(out) + curvature.sum(g1F32x4));
      store<f64>(out, load<f64>(out, 8) + curvature.sum(g2F32x4), 8);
      store<f64>(out, load<f64>(out, 16) + curvature.sum(h11F32x4), 16);
      store<f64>(out, load<f64>(out, 24) + curvature.sum(h12F32x4), 24);
      store<f64>(out, load<f64>(out, 32) + curvature.sum(h22F32x4), 32);
      left -= block;
    }
  }

  /**
   * The same for softmax: p, the probabilities at the anchor: rows × classes f32; u1, u2: rows × classes f64 (u2 may be 0);
   * scratch: classes f32, padded to a multiple of 4, plus 16 bytes.
   */
  static planeSoftmax(
    p: usize,
    weights: usize,
    u1: usize,
    u2: usize,
    rows: i32,
    classes: i32,
    a1: f64,
    a2: f64,
    inverse1: f64,
    inverse2: f64,
    scratch: usize,
    out: usize,
  ): void {
    let g1: f64 = 0;
    let g2: f64 = 0;
    let h11: f64 = 0;
    let h12: f64 = 0;
    let h22: f64 = 0;
    const bytes = (<usize>classes) << 2;
    for (let row: usize = 0; row < <usize>rows; row++) {
      for (let k: usize = 0; k < bytes; k += 4) {
        let moved = a1 * load<f64>(u1 + (k << 1));
        if (u2) moved += a2 * load<f64>(u2 + (k << 1));
        store<f32>(scratch + k, <f32>moved);
      }
      change.softmaxDifference(scratch, p, classes);
      let d1: f32 = 0;
      let d2: f32 = 0;
      let m1: f32 = 0;
      let m2: f32 = 0;
      let s11: f32 = 0;
      let s12: f32 = 0;
      let s22: f32 = 0;
      for (let k: usize = 0; k < bytes; k += 4) {
        const d = load<f32>(scratch + k);
        const q = load<f32>(p + k) + d;
        const v1 = <f32>(inverse1 * load<f64>(u1 + (k << 1)));
        const v2 = u2 ? <f32>(inverse2 * load<f64>(u2 + (k << 1))) : <f32>0;
        d1 += d * v1;
        d2 += d * v2;
        m1 += q * v1;
        m2 += q * v2;
        s11 += q * v1 * v1;
        s12 += q * v1 * v2;
        s22 += q * v2 * v2;
      }
      const weight: f64 = weights ? <f64>load<f32>(weights + (row << 2)) : 1;
      g1 += weight * <f64>d1;
      g2 += weight * <f64>d2;
      h11 += weight * <f64>(s11 - m1 * m1);
      h12 += weight * <f64>(s12 - m1 * m2);
      h22 += weight * <f64>(s22 - m2 * m2);
      p += bytes;
      u1 += bytes << 1;
      if (u2) u2 += bytes << 1;
    }
    store<f64>(out, load<f64>(out) + g1);
    store<f64>(out, load<f64>(out, 8) + g2, 8);
    store<f64>(out, load<f64>(out, 16) + h11, 16);
    store<f64>(out, load<f64>(out, 24) + h12, 24);
    store<f64>(out, load<f64>(out, 32) + h22, 32);
  }
}
