// @ts-nocheck AssemblyScript: bench/twin/compile.ts compiles it with asc, tsc does not judge it
// The module of the float32 twin: the engine's own, with the float32 kernels beside it.
import { gram } from "../../assembly/kernel/gram";
import { doubles } from "./doubles";
import { passes } from "./passes";
import { realTiles } from "./real-tiles";
import { reals } from "./reals";

export * from "../../assembly/index";

export function markRealTiles(x: usize, stride: usize, rows: i32, columns: i32, map: usize): f64 {
  return realTiles.mark(x, stride, rows, columns, map);
}
export function realMultiply(
  x: usize,
  stride: usize,
  rows: i32,
  columns: i32,
  p: usize,
  classes: i32,
  a: usize,
  map: usize,
): void {
  reals.multiply(x, stride, rows, columns, p, classes, a, map);
}
export function realTransposed(
  x: usize,
  stride: usize,
  rows: i32,
  columns: i32,
  t: usize,
  classes: i32,
  s: usize,
  map: usize,
): void {
  reals.transposed(x, stride, rows, columns, t, classes, s, map);
}
export function realScratchBytes(columns: i32, classes: i32): usize {
  return passes.scratchBytes(columns, classes);
}
export function realMargins(
  x: usize,
  stride: usize,
  rows: i32,
  columns: i32,
  classes: i32,
  p: usize,
  shift: usize,
  scratch: usize,
  u: usize,
  map: usize,
): void {
  passes.margins(x, stride, rows, columns, classes, p, shift, scratch, u, map);
}
export function realHessian(
  x: usize,
  stride: usize,
  rows: i32,
  columns: i32,
  classes: i32,
  p: usize,
  shift: usize,
  h: usize,
  state: usize,
  weights: usize,
  scratch: usize,
  g: usize,
  totals: usize,
  map: usize,
): void {
  passes.hessian(x, stride, rows, columns, classes, p, shift, h, state, weights, scratch, g, totals, map);
}
export function realGradient(
  x: usize,
  stride: usize,
  rows: i32,
  columns: i32,
  classes: i32,
  c: usize,
  scratch: usize,
  g: usize,
  map: usize,
): void {
  passes.gradient(x, stride, rows, columns, classes, c, scratch, g, map);
}
export function realGramScratchBytes(columns: i32): usize {
  return passes.gramScratchBytes(columns);
}
export function realGram(
  x: usize,
  stride: usize,
  rows: i32,
  columns: i32,
  d: usize,
  scratch: usize,
  g: usize,
  first: usize,
  map: usize,
): f64 {
  return passes.gram(x, stride, rows, columns, d, scratch, g, first, map);
}
export function realMoments(
  x: usize,
  stride: usize,
  rows: i32,
  columns: i32,
  d: usize,
  dBytes: usize,
  q: usize,
  s: usize,
): f64 {
  return gram.moments<f32>(x, stride, rows, columns, d, dBytes, q, s);
}
export function exactMargins(
  x: usize,
  stride: usize,
  rows: i32,
  columns: i32,
  w: usize,
  bias: usize,
  classes: i32,
  m: usize,
  map: usize,
): void {
  doubles.margins(x, stride, rows, columns, w, bias, classes, m, map);
}
export function exactGradient(
  x: usize,
  stride: usize,
  rows: i32,
  columns: i32,
  c: usize,
  classes: i32,
  g: usize,
  map: usize,
): void {
  doubles.gradient(x, stride, rows, columns, c, classes, g, map);
}
export function widenU8(x: usize, stride: usize, rows: i32, columns: i32, out: usize, outStride: usize): void {
  passes.widen<u8>(x, stride, rows, columns, out, outStride);
}
export function widenI8(x: usize, stride: usize, rows: i32, columns: i32, out: usize, outStride: usize): void {
  passes.widen<i8>(x, stride, rows, columns, out, outStride);
}
export function widenI16(x: usize, stride: usize, rows: i32, columns: i32, out: usize, outStride: usize): void {
  passes.widen<i16>(x, stride, rows, columns, out, outStride);
}
