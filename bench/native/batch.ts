// @ts-nocheck AssemblyScript: bench/batches.ts compiles it with asc, tsc does not judge it
// The engine's module with a float32 minibatch beside it, blocked as well as float32 can be: dots of four rows with one load of z (lanes are summed by a
// transposition), then 16 columns at a time all rows of the batch into z. Everything around these two walks is the engine's own: rows, differences
// of derivatives, flushes. relaxed: relaxed_madd, one rounding where the CPU fuses.
import { change } from "../../assembly/loss/change";
import { flush } from "../../assembly/solver/flush";
import { inner } from "../../assembly/solver/inner";
import { Run } from "../../assembly/solver/run";

export * from "../../assembly/index";

/** Per row of a batch: its address, its number; then its dot, at last its coefficient. */
const ADDRESS = memory.data(4 * 64, 16);
const NUMBER = memory.data(4 * 64, 16);
const VALUE = memory.data(4 * 64, 16);

abstract class reals {
  @inline
  static madd(x: v128, y: v128, sum: v128): v128 {
    if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(x, y, sum);
    return f32x4.add(sum, f32x4.mul(x, y));
  }

  /** Four vectors → one of their sums. */
  @inline
  static sums(a: v128, b: v128, c: v128, d: v128): v128 {
    const ab = f32x4.add(i32x4.shuffle(a, b, 0, 4, 1, 5), i32x4.shuffle(a, b, 2, 6, 3, 7));
    const cd = f32x4.add(i32x4.shuffle(c, d, 0, 4, 1, 5), i32x4.shuffle(c, d, 2, 6, 3, 7));
    return f32x4.add(i32x4.shuffle(ab, cd, 0, 1, 4, 5), i32x4.shuffle(ab, cd, 2, 3, 6, 7));
  }

  /** The float32 of four rows i to i + 3 in an array by row. */
  @inline
  static gather(from: usize, i: usize): v128 {
    let four = v128.load32_zero(from + load<u32>(NUMBER + i));
    four = i32x4.replace_lane(four, 1, load<i32>(from + load<u32>(NUMBER + i, 4)));
    four = i32x4.replace_lane(four, 2, load<i32>(from + load<u32>(NUMBER + i, 8)));
    return i32x4.replace_lane(four, 3, load<i32>(from + load<u32>(NUMBER + i, 12)));
  }
}

/** Dots of rows i to i + 3. */
function dots4(i: usize, z: usize, columns: i32): void {
  let x = load<usize>(ADDRESS + i);
  let y = load<usize>(ADDRESS + i, 4);
  let v = load<usize>(ADDRESS + i, 8);
  let w = load<usize>(ADDRESS + i, 12);
  const end = z + ((<usize>columns) << 2);
  let a = f32x4.splat(0);
  let b = a;
  let c = a;
  let d = a;
  let a2 = a;
  let b2 = a;
  let c2 = a;
  let d2 = a;
  while (z < end) {
    const z0 = v128.load(z);
    a = reals.madd(v128.load(x), z0, a);
    b = reals.madd(v128.load(y), z0, b);
    c = reals.madd(v128.load(v), z0, c);
    d = reals.madd(v128.load(w), z0, d);
    const z1 = v128.load(z, 16);
    a2 = reals.madd(v128.load(x, 16), z1, a2);
    b2 = reals.madd(v128.load(y, 16), z1, b2);
    c2 = reals.madd(v128.load(v, 16), z1, c2);
    d2 = reals.madd(v128.load(w, 16), z1, d2);
    const z2 = v128.load(z, 32);
    a = reals.madd(v128.load(x, 32), z2, a);
    b = reals.madd(v128.load(y, 32), z2, b);
    c = reals.madd(v128.load(v, 32), z2, c);
    d = reals.madd(v128.load(w, 32), z2, d);
    const z3 = v128.load(z, 48);
    a2 = reals.madd(v128.load(x, 48), z3, a2);
    b2 = reals.madd(v128.load(y, 48), z3, b2);
    c2 = reals.madd(v128.load(v, 48), z3, c2);
    d2 = reals.madd(v128.load(w, 48), z3, d2);
    x += 64;
    y += 64;
    v += 64;
    w += 64;
    z += 64;
  }
  v128.store(VALUE + i, reals.sums(f32x4.add(a, a2), f32x4.add(b, b2), f32x4.add(c, c2), f32x4.add(d, d2)));
}

function update(z: usize, columns: i32, batchBytes: usize): void {
  const end = (<usize>columns) << 2;
  for (let at: usize = 0; at < end; at += 64) {
    let a = v128.load(z + at);
    let b = v128.load(z + at, 16);
    let c = v128.load(z + at, 32);
    let d = v128.load(z + at, 48);
    for (let i: usize = 0; i < batchBytes; i += 4) {
      const x = load<usize>(ADDRESS + i) + at;
      const k = v128.load32_splat(VALUE + i);
      a = reals.madd(v128.load(x), k, a);
      b = reals.madd(v128.load(x, 16), k, b);
      c = reals.madd(v128.load(x, 32), k, c);
      d = reals.madd(v128.load(x, 48), k, d);
    }
    v128.store(z + at, a);
    v128.store(z + at, b, 16);
    v128.store(z + at, c, 32);
    v128.store(z + at, d, 48);
  }
}

/** Rows per batch. */
let batchSize: u32 = 8;
export function setBatchSize(rows: u32): void {
  batchSize = rows;
}

/** Logistic loss, no weights; a batch is batchSize neighbours. Takes the place of advanceF32F32. */
export function advanceBatch(pointer: usize, steps: u32): void {
  const run = changetype<Run>(pointer);
  const bytes = (<usize>batchSize) << 2;
  const factor = f32x4.splat(run.factor / <f32>batchSize);
  for (let t: u32 = 0; t < steps; t++) {
    inner.advanceLanes(run);
    for (let i: usize = 0; i < bytes; i += 4) {
      store<usize>(ADDRESS + i, inner.row(run));
      store<u32>(NUMBER + i, run.row << 2);
      run.row = inner.next(run);
    }
    for (let i: usize = 0; i < bytes; i += 16) dots4(i, run.z, run.columns);
    for (let i: usize = 0; i < bytes; i += 16) {
      const state = reals.gather(run.state, i);
      const label = reals.gather(run.labels, i);
      v128.store(VALUE + i, f32x4.mul(factor, change.logistic4(v128.load(VALUE + i), state, label)));
    }
    update(run.z, run.columns, bytes);
    run.position++;
    if (run.position === run.block) {
      const done = run.block;
      run.remaining -= done;
      run.block = min(run.flushEvery, run.remaining);
      run.position = 0;
      flush.apply<f32>(run, done - (done >> 1) + (run.block >> 1));
    }
  }
}
