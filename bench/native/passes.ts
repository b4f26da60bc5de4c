// @ts-nocheck AssemblyScript: bench/kernels.ts compiles it with asc, tsc does not judge it
// What a step does to memory, bare: z += k·x, then the dot of the new z with y. The engine's own passes next to float32 in every form that could
// be the fastest, all compiled alike.
//   fused:   one walk over z;  plain: axpy first, then the dot
//   MulAdd:  multiply and add;  Madd: relaxed_madd, one rounding where the CPU fuses (the engine must not: same bits everywhere)
//   4, 8:    accumulators, so columns are a multiple of 16 or 32
import { dot } from "../../assembly/kernel/dot";
import { packed, U1, U2, U4 } from "../../assembly/kernel/packed";
import { quantize } from "../../assembly/kernel/quantize";
import { fused } from "../../assembly/solver/pass";

/** First free byte. */
export function heapBase(): usize {
  return __heap_base;
}

abstract class reals {
  @inline
  static madd<Form>(x: v128, y: v128, sum: v128): v128 {
    if (sizeof<Form>() === 1 && ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(x, y, sum);
    return f32x4.add(sum, f32x4.mul(x, y));
  }

  @inline
  static total(v: v128): f64 {
    const low = f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1);
    return <f64>(low + f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
  }
}

function fused4<Form>(z: usize, x: usize, y: usize, columns: i32, k: f32): f64 {
  const kF32x4 = f32x4.splat(k);
  const end = z + ((<usize>columns) << 2);
  let a = f32x4.splat(0),
    b = a,
    c = a,
    d = a;
  while (z < end) {
    const z0 = reals.madd<Form>(kF32x4, v128.load(x), v128.load(z));
    const z1 = reals.madd<Form>(kF32x4, v128.load(x, 16), v128.load(z, 16));
    const z2 = reals.madd<Form>(kF32x4, v128.load(x, 32), v128.load(z, 32));
    const z3 = reals.madd<Form>(kF32x4, v128.load(x, 48), v128.load(z, 48));
    v128.store(z, z0);
    v128.store(z, z1, 16);
    v128.store(z, z2, 32);
    v128.store(z, z3, 48);
    a = reals.madd<Form>(z0, v128.load(y), a);
    b = reals.madd<Form>(z1, v128.load(y, 16), b);
    c = reals.madd<Form>(z2, v128.load(y, 32), c);
    d = reals.madd<Form>(z3, v128.load(y, 48), d);
    x += 64;
    y += 64;
    z += 64;
  }
  return reals.total(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)));
}

function fused8<Form>(z: usize, x: usize, y: usize, columns: i32, k: f32): f64 {
  const kF32x4 = f32x4.splat(k);
  const end = z + ((<usize>columns) << 2);
  let a = f32x4.splat(0),
    b = a,
    c = a,
    d = a,
    e = a,
    f = a,
    g = a,
    h = a;
  while (z < end) {
    const z0 = reals.madd<Form>(kF32x4, v128.load(x), v128.load(z));
    const z1 = reals.madd<Form>(kF32x4, v128.load(x, 16), v128.load(z, 16));
    const z2 = reals.madd<Form>(kF32x4, v128.load(x, 32), v128.load(z, 32));
    const z3 = reals.madd<Form>(kF32x4, v128.load(x, 48), v128.load(z, 48));
    v128.store(z, z0);
    v128.store(z, z1, 16);
    v128.store(z, z2, 32);
    v128.store(z, z3, 48);
    a = reals.madd<Form>(z0, v128.load(y), a);
    b = reals.madd<Form>(z1, v128.load(y, 16), b);
    c = reals.madd<Form>(z2, v128.load(y, 32), c);
    d = reals.madd<Form>(z3, v128.load(y, 48), d);
    const z4 = reals.madd<Form>(kF32x4, v128.load(x, 64), v128.load(z, 64));
    const z5 = reals.madd<Form>(kF32x4, v128.load(x, 80), v128.load(z, 80));
    const z6 = reals.madd<Form>(kF32x4, v128.load(x, 96), v128.load(z, 96));
    const z7 = reals.madd<Form>(kF32x4, v128.load(x, 112), v128.load(z, 112));
    v128.store(z, z4, 64);
    v128.store(z, z5, 80);
    v128.store(z, z6, 96);
    v128.store(z, z7, 112);
    e = reals.madd<Form>(z4, v128.load(y, 64), e);
    f = reals.madd<Form>(z5, v128.load(y, 80), f);
    g = reals.madd<Form>(z6, v128.load(y, 96), g);
    h = reals.madd<Form>(z7, v128.load(y, 112), h);
    x += 128;
    y += 128;
    z += 128;
  }
  const low = f32x4.add(f32x4.add(a, b), f32x4.add(c, d));
  return reals.total(f32x4.add(low, f32x4.add(f32x4.add(e, f), f32x4.add(g, h))));
}

/** The update alone. */
function axpy<Form>(z: usize, x: usize, columns: i32, k: f32): void {
  const kF32x4 = f32x4.splat(k);
  const end = z + ((<usize>columns) << 2);
  while (z < end) {
    v128.store(z, reals.madd<Form>(kF32x4, v128.load(x), v128.load(z)));
    v128.store(z, reals.madd<Form>(kF32x4, v128.load(x, 16), v128.load(z, 16)), 16);
    v128.store(z, reals.madd<Form>(kF32x4, v128.load(x, 32), v128.load(z, 32)), 32);
    v128.store(z, reals.madd<Form>(kF32x4, v128.load(x, 48), v128.load(z, 48)), 48);
    x += 64;
    z += 64;
  }
}

function plain4<Form>(z: usize, x: usize, y: usize, columns: i32, k: f32): f64 {
  axpy<Form>(z, x, columns, k);
  const end = z + ((<usize>columns) << 2);
  let a = f32x4.splat(0),
    b = a,
    c = a,
    d = a;
  while (z < end) {
    a = reals.madd<Form>(v128.load(z), v128.load(y), a);
    b = reals.madd<Form>(v128.load(z, 16), v128.load(y, 16), b);
    c = reals.madd<Form>(v128.load(z, 32), v128.load(y, 32), c);
    d = reals.madd<Form>(v128.load(z, 48), v128.load(y, 48), d);
    y += 64;
    z += 64;
  }
  return reals.total(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)));
}

// i8 and i16 only select the form
export function fusedMulAdd4(z: usize, x: usize, y: usize, columns: i32, k: f32): f64 {
  return fused4<i16>(z, x, y, columns, k);
}
export function fusedMulAdd8(z: usize, x: usize, y: usize, columns: i32, k: f32): f64 {
  return fused8<i16>(z, x, y, columns, k);
}
export function plainMulAdd4(z: usize, x: usize, y: usize, columns: i32, k: f32): f64 {
  return plain4<i16>(z, x, y, columns, k);
}
export function fusedMadd4(z: usize, x: usize, y: usize, columns: i32, k: f32): f64 {
  return fused4<i8>(z, x, y, columns, k);
}
export function fusedMadd8(z: usize, x: usize, y: usize, columns: i32, k: f32): f64 {
  return fused8<i8>(z, x, y, columns, k);
}
export function plainMadd4(z: usize, x: usize, y: usize, columns: i32, k: f32): f64 {
  return plain4<i8>(z, x, y, columns, k);
}

// the engine's; k and s as in docs/numerics.md §5, negative: Σ |code| over the negative codes of y
export function engineF32F32(z: usize, x: usize, y: usize, columns: i32, k: f32): f64 {
  return fused.f32<f32>(z, x, y, columns, k);
}
export function engineI8I16(z: usize, x: usize, y: usize, columns: i32, k: i32, s: i32, offsets: usize): f64 {
  return fused.i8i16(z, x, y, columns, k, s, offsets);
}
export function engineI16I16(z: usize, x: usize, y: usize, columns: i32, k: i32, s: i32, offsets: usize): f64 {
  return fused.i16i16(z, x, y, columns, k, s, offsets);
}
export function engineI8I8(
  z: usize,
  x: usize,
  y: usize,
  columns: i32,
  k: i32,
  s: i32,
  offsets: usize,
  negative: i32,
): f64 {
  return fused.i8i8(z, x, y, columns, k, s, offsets, negative);
}

// Sums of the dots of many rows in one call: what a kernel does when nobody interrupts it. fetched: rows brought into cache at a time, as the solvers do; 0: none.
function fetch(x: usize, stride: usize, row: i32, rows: i32, fetched: i32): void {
  if (fetched && row % fetched === 0) quantize.touch(x, (<usize>min(fetched, rows - row) * stride) & ~511);
}
export function sweepF32(x: usize, stride: usize, rows: i32, z: usize, columns: i32, fetched: i32): f64 {
  let sum: f64 = 0;
  for (let i = 0; i < rows; i++) {
    fetch(x, stride, i, rows, fetched);
    sum += dot.f32<f32>(x, z, columns);
    x += stride;
  }
  return sum;
}
export function sweepI7(x: usize, stride: usize, rows: i32, z: usize, columns: i32, fetched: i32): f64 {
  let sum: f64 = 0;
  for (let i = 0; i < rows; i++) {
    fetch(x, stride, i, rows, fetched);
    sum += dot.i7i8(x, z, columns);
    x += stride;
  }
  return sum;
}
function sweepPacked<X>(x: usize, stride: usize, rows: i32, z: usize, columns: i32, fetched: i32, levels: usize): f64 {
  let sum: f64 = 0;
  for (let i = 0; i < rows; i++) {
    fetch(x, stride, i, rows, fetched);
    sum += packed.indexDot<X>(x, z, columns, levels);
    x += stride;
  }
  return sum;
}
export function sweepU4(x: usize, stride: usize, rows: i32, z: usize, columns: i32, fetched: i32, levels: usize): f64 {
  return sweepPacked<U4>(x, stride, rows, z, columns, fetched, levels);
}
export function sweepU2(x: usize, stride: usize, rows: i32, z: usize, columns: i32, fetched: i32, levels: usize): f64 {
  return sweepPacked<U2>(x, stride, rows, z, columns, fetched, levels);
}
export function sweepU1(x: usize, stride: usize, rows: i32, z: usize, columns: i32, fetched: i32, levels: usize): f64 {
  return sweepPacked<U1>(x, stride, rows, z, columns, fetched, levels);
}

// Updates with many rows in one call; signs alternate, so that z stays small.
function axpyRows<Form>(z: usize, x: usize, stride: usize, rows: i32, columns: i32): void {
  for (let i = 0; i < rows; i++) {
    axpy<Form>(z, x, columns, i & 1 ? -0.125 : 0.125);
    x += stride;
  }
}
export function axpyRowsMulAdd(z: usize, x: usize, stride: usize, rows: i32, columns: i32): void {
  axpyRows<i16>(z, x, stride, rows, columns);
}
export function axpyRowsMadd(z: usize, x: usize, stride: usize, rows: i32, columns: i32): void {
  axpyRows<i8>(z, x, stride, rows, columns);
}
function axpyPacked<X>(
  z: usize,
  x: usize,
  stride: usize,
  rows: i32,
  columns: i32,
  offsets: usize,
  levels: usize,
): void {
  for (let i = 0; i < rows; i++) {
    packed.axpy<X, i16>(z, x, columns, i & 1 ? -100 : 100, 7, offsets, levels, 0);
    x += stride;
  }
}
export function axpyRowsU4(
  z: usize,
  x: usize,
  stride: usize,
  rows: i32,
  columns: i32,
  offsets: usize,
  levels: usize,
): void {
  axpyPacked<U4>(z, x, stride, rows, columns, offsets, levels);
}
export function axpyRowsU2(
  z: usize,
  x: usize,
  stride: usize,
  rows: i32,
  columns: i32,
  offsets: usize,
  levels: usize,
): void {
  axpyPacked<U2>(z, x, stride, rows, columns, offsets, levels);
}
export function axpyRowsU1(
  z: usize,
  x: usize,
  stride: usize,
  rows: i32,
  columns: i32,
  offsets: usize,
  levels: usize,
): void {
  axpyPacked<U1>(z, x, stride, rows, columns, offsets, levels);
}
