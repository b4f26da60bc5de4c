// The dense part of p steps at once: the full gradient as a drift, l2 as a proximal step, rounded back to codes.
// docs/numerics.md §5. The proximal form is mandatory: the explicit one diverges on columns of small range, whose r = l2/scale² is huge.
import { random } from "../core/random";
import { Run } from "./run";

@unmanaged
export abstract class flush {
  /** drift = alpha·p·gradient/delta, shrink = 1/(1 + alpha·p·r), each rounded once to float32. */
  static prepare(run: Run, steps: u32): void {
    const isSame = run.preparedSteps == steps;
    // SAGA's gradient moves from flush to flush
    if (isSame && !run.table) return;
    run.preparedSteps = steps;
    const alphaSteps = run.alpha * <f64>steps;
    const columns = <usize>run.columns;
    if (!isSame) {
      for (let j: usize = 0; j < columns; j++) {
        store<f32>(run.shrink + (j << 2), <f32>(1 / (1 + alphaSteps * load<f64>(run.ridge + (j << 3)))));
      }
    }
    const count = columns * <usize>run.classes;
    for (let j: usize = 0; j < count; j++) {
      store<f32>(run.drift + (j << 2), <f32>((alphaSteps * load<f64>(run.gradient + (j << 3))) / run.delta));
    }
  }

  /** Four values y = (z − drift)·shrink. */
  @inline
  static move(zF32x4: v128, drift: usize, shrink: usize): v128 {
    return f32x4.mul(f32x4.sub(zF32x4, v128.load(drift)), v128.load(shrink));
  }

  /** floor(y + u) as i32x4, within ±32768: the magic number 1.5·2²³ leaves an integer in the low bits of its float. */
  @inline
  static round(yF32x4: v128, uF32x4: v128): v128 {
    const floorF32x4 = f32x4.floor(f32x4.add(yF32x4, uF32x4));
    const insideF32x4 = f32x4.pmax(f32x4.pmin(floorF32x4, f32x4.splat(32767)), f32x4.splat(-32768));
    return i32x4.sub(f32x4.add(insideF32x4, f32x4.splat(12582912)), i32x4.splat(0x4b400000));
  }

  /**
   * SAGA's mean gradient without a second update per step: the sparse steps since the last flush have moved z by −(alpha/delta)·Σ dc·x, so the mean has
   * moved by −delta/(alpha·rows) times that.
   */
  static followMean<Z>(run: Run): void {
    const count = <usize>run.columns * <usize>run.classes;
    const factor = -run.delta / (run.alpha * <f64>run.rows);
    for (let j: usize = 0; j < count; j++) {
      const moved = <f64>load<Z>(run.z + j * sizeof<Z>()) - <f64>load<Z>(run.previous + j * sizeof<Z>());
      const at = run.gradient + (j << 3);
      store<f64>(at, load<f64>(at) + factor * moved);
    }
  }

  /** The dense term of `steps` steps. */
  static apply<Z>(run: Run, steps: u32): void {
    if (run.table) flush.followMean<Z>(run);
    flush.prepare(run, steps);
    const lanesI16x8 = v128.load(run.lanes);
    let uLowF32x4 = f32x4.splat(0.5);
    let uHighF32x4 = uLowF32x4;
    if (run.stochastic) {
      // (lane + ½)/65536 is exact in float32: 17 bits
      const halfF32x4 = f32x4.splat(0.5);
      const unitF32x4 = f32x4.splat(<f32>(1.0 / 65536));
      uLowF32x4 = f32x4.mul(
        f32x4.add(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(lanesI16x8)), halfF32x4),
        unitF32x4,
      );
      uHighF32x4 = f32x4.mul(
        f32x4.add(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(lanesI16x8)), halfF32x4),
        unitF32x4,
      );
    }
    const columns = <usize>run.columns;
    let z = run.z;
    let drift = run.drift;
    for (let c: u32 = 0; c < run.classes; c++) {
      let shrink = run.shrink;
      const end = shrink + (columns << 2);
      while (shrink < end) {
        if (isFloat<Z>()) {
          v128.store(z, flush.move(v128.load(z), drift, shrink));
          v128.store(z, flush.move(v128.load(z, 16), drift + 16, shrink + 16), 16);
          z += 32;
        } else {
          const zI16x8 = sizeof<Z>() == 1 ? v128.load8x8_s(z) : v128.load(z);
          const lowF32x4 = f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(zI16x8));
          const highF32x4 = f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(zI16x8));
          const newI16x8 = i16x8.narrow_i32x4_s(
            flush.round(flush.move(lowF32x4, drift, shrink), uLowF32x4),
            flush.round(flush.move(highF32x4, drift + 16, shrink + 16), uHighF32x4),
          );
          if (sizeof<Z>() == 1) {
            v128.store64_lane(z, i8x16.narrow_i16x8_s(newI16x8, newI16x8), 0);
            z += 8;
          } else {
            v128.store(z, newI16x8);
            z += 16;
          }
        }
        drift += 32;
        shrink += 32;
      }
    }
    v128.store(run.lanes, random.advance(lanesI16x8));
    if (run.table) memory.copy(run.previous, run.z, <usize>run.columns * <usize>run.classes * sizeof<Z>());
  }

  /** Codes of z at either limit of their type. */
  static countLimits<Z>(z: usize, count: usize): f64 {
    const high: i32 = sizeof<Z>() == 1 ? 127 : 32767;
    let total = 0;
    for (const end = z + count * sizeof<Z>(); z < end; z += sizeof<Z>()) {
      const code = <i32>load<Z>(z);
      total += i32(code == high) | i32(code == -1 - high);
    }
    return <f64>total;
  }
}
