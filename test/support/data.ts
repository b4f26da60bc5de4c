// Seeded problems for tests of the bindings: the same bits on every host, so that a failing case can be repeated anywhere.
import type { Dataset, Plane } from "../../bindings/data/dataset.js";
import type { CodeStorage } from "../../bindings/engine/kernels.js";
import type { LossName } from "../../bindings/index.js";

export const LOSS_NAMES: readonly LossName[] = ["squared", "logistic", "softmax", "squaredHinge", "hinge", "huber"];

export interface Dice {
  /** In [−1, 1). */
  readonly uniform: () => number;
  readonly normal: () => number;
  /** Whole, in [0, n). */
  readonly below: (n: number) => number;
}

/** mulberry32. */
export function dice(seed: number): Dice {
  let state = seed >>> 0;
  const word = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const uniform = (): number => 2 * word() - 1;
  // twelve uniforms: no Math.log or Math.cos, whose last bit differs between hosts
  const normal = (): number => Array.from({ length: 12 }, word).reduce((sum, x) => sum + x, -6);
  return { uniform, normal, below: (n) => Math.floor(word() * n) };
}

export interface Sample {
  readonly data: Float64Array;
  readonly rows: number;
  readonly cols: number;
  readonly labels: Float64Array;
  /** Positive, between ½ and 2. */
  readonly weights: Float64Array;
}

/** A noisy linear model (noise as large as the signal) with labels that fit `loss` (three classes for softmax unless told). */
export function sampleFor(loss: LossName, rows: number, cols: number, seed: number, classes = 3): Sample {
  const { normal, uniform } = dice(seed);
  const data = Float64Array.from({ length: rows * cols }, normal);
  const outputs = loss === "softmax" ? classes : 1;
  const truth = Float64Array.from({ length: outputs * cols }, () => normal() / Math.sqrt(cols));
  const labels = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    const margins = Array.from({ length: outputs }, (_, k) => {
      let margin = normal();
      for (let j = 0; j < cols; j++) margin += (truth[k * cols + j] as number) * (data[i * cols + j] as number);
      return margin;
    });
    const first = margins[0] as number;
    if (loss === "softmax") labels[i] = i < classes ? i : margins.indexOf(Math.max(...margins));
    else if (loss === "squared" || loss === "huber") labels[i] = 2 * first + 0.5;
    else labels[i] = i < 2 ? i : first > 0 ? 1 : 0;
  }
  const weights = Float64Array.from({ length: rows }, () => 1.25 + 0.75 * uniform());
  return { data, rows, cols, labels, weights };
}

export interface ReadPlane {
  /** rows × columns without padding. */
  readonly codes: number[];
  /** cols, plus one with an intercept. */
  readonly columns: number;
  readonly scale: Float64Array;
  readonly offset: Float64Array;
  /** True when everything after `columns` is zero in every row. */
  readonly isPadded: boolean;
}

/** Copies the codes of a plane out of linear memory. */
export function readPlane(dataset: Dataset, plane: Plane): ReadPlane {
  const { core, rows, cols } = dataset;
  const columns = cols + (plane.intercept !== 0 ? 1 : 0);
  const bytes = { I8: 1, I16: 2, F32: 4 }[plane.storage as CodeStorage];
  const view = core.view();
  const codes: number[] = [];
  let isPadded = true;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < plane.padded; j++) {
      const at = plane.codes + i * plane.strideBytes + j * bytes;
      const code =
        plane.storage === "I8"
          ? view.getInt8(at)
          : plane.storage === "I16"
            ? view.getInt16(at, true)
            : view.getFloat32(at, true);
      if (j < columns) codes.push(code);
      else isPadded &&= code === 0;
    }
  }
  return {
    codes,
    columns,
    scale: core.f64(plane.scale, columns).slice(),
    offset: core.f64(plane.offset, columns).slice(),
    isPadded,
  };
}
