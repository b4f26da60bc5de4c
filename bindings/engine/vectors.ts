// Vectors as long as the rows, in parts that fit a piece: element by element, so that the parts are in no bit.
import type { Core } from "./core.js";
import { eachPart, type Work } from "./work.js";

/** What an element costs in multiply-adds: memory that is used for the first time takes several times as long as the arithmetic. */
const STREAMED = 4;
/** And where it is only read. */
const READ = 1;

/** to ← from, count f64. */
export function copyVector(core: Core, from: number, to: number, count: number): Work<void> {
  return eachPart(core, count, STREAMED, 1, (first, some) => {
    core.f64(to + 8 * first, some).set(core.f64(from + 8 * first, some));
  });
}

/** count f64 ← 0. */
export function clearVector(core: Core, to: number, count: number): Work<void> {
  return eachPart(core, count, STREAMED, 1, (first, some) => {
    core.f64(to + 8 * first, some).fill(0);
  });
}

/** y += alpha·x, count f64 each. */
export function addScaled(core: Core, y: number, alpha: number, x: number, count: number): Work<void> {
  return eachPart(core, count, STREAMED, 2, (first, some) => {
    core.kernels.addScaled(y + 8 * first, alpha, x + 8 * first, some);
  });
}

/** y ← beta·y + alpha·x, count f64 each. */
export function combine(core: Core, y: number, beta: number, alpha: number, x: number, count: number): Work<void> {
  return eachPart(core, count, STREAMED, 2, (first, some) => {
    core.kernels.combine(y + 8 * first, beta, alpha, x + 8 * first, some);
  });
}

/** Largest |x| of count f64. */
export function* maxAbs(core: Core, x: number, count: number): Work<number> {
  let top = 0;
  yield* eachPart(core, count, READ, 1, (first, some) => {
    top = Math.max(top, core.kernels.maxAbs(x + 8 * first, some));
  });
  return top;
}

/** to ← from as float32, count numbers. */
export function toFloat32(core: Core, from: number, to: number, count: number): Work<void> {
  return eachPart(core, count, STREAMED, 1, (first, some) => {
    core.kernels.toFloat32(from + 8 * first, to + 4 * first, some);
  });
}

/** to ← from as float64, count numbers. */
export function toFloat64(core: Core, from: number, to: number, count: number): Work<void> {
  return eachPart(core, count, STREAMED, 1, (first, some) => {
    core.kernels.toFloat64(from + 4 * first, to + 8 * first, some);
  });
}

/** x ← x·y, count f32 each. */
export function multiplyF32(core: Core, x: number, y: number, count: number): Work<void> {
  return eachPart(core, count, STREAMED, 1, (first, some) => {
    core.kernels.multiplyF32(x + 4 * first, y + 4 * first, some);
  });
}
