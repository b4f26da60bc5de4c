// What an ONNX file has to answer, whoever runs it: the labels and numbers of the package, computed here in plain float64.
import type { LinearModel } from "../../bindings/io/index.js";
import type { Tensor } from "../oracle/onnx.js";
import { marginsOf, placesOf } from "./models.js";

/** Half a unit in the last place of 1. */
const ROUNDING = { float32: 2 ** -24, float64: 2 ** -53 };

export interface Precision {
  readonly precision: "float32" | "float64";
  readonly input: "float32" | "float64";
}

const sigmoid = (m: number): number => 1 / (1 + Math.exp(-m));

/** Probabilities of the classes from the margins of one row. */
function probabilities(model: LinearModel, margins: Float64Array): number[] {
  if (margins.length === 1) return [sigmoid(-(margins[0] as number)), sigmoid(margins[0] as number)];
  const top = Math.max(...margins);
  const parts = Array.from(margins, (m) => (model.loss === "softmax" ? Math.exp(m - top) : sigmoid(m)));
  const sum = parts.reduce((a, b) => a + b, 0);
  return parts.map((part) => (sum > 0 ? part / sum : 1 / parts.length));
}

/**
 * Throws where an output is not what `model` says of `data` (rows × cols; exact in the input's type).
 * Margins: a sum of cols + 1 products in any order is off by at most (cols + 3)·u·(Σ|w·x| + |b|), weights rounded to the same u (N. Higham, "Accuracy and
 * Stability of Numerical Algorithms", section 3.1); then the rounding of the output. Probabilities move at most half as far as the margins. Labels may
 * differ only where two margins are that near.
 */
export function checkOutputs(
  model: LinearModel,
  { precision, input }: Precision,
  data: ArrayLike<number>,
  rows: number,
  outputs: Readonly<Record<string, Tensor>>,
): void {
  const { cols, coef, intercept, classes } = model;
  const width = intercept.length;
  const margins = marginsOf(model, data, rows);
  const [inner, outer] = [ROUNDING[precision], ROUNDING[input]];
  const names =
    classes === null ? ["variable"] : ["label", model.estimator === "LinearSVC" ? "scores" : "probabilities"];
  if (Object.keys(outputs).sort().join() !== names.sort().join()) throw new Error(`outputs ${Object.keys(outputs)}`);
  const places = placesOf(margins, width);
  for (let i = 0; i < rows; i++) {
    const row = margins.subarray(i * width, (i + 1) * width);
    const slack = Array.from(row, (_, k) => {
      let sum = Math.abs(intercept[k] as number);
      for (let j = 0; j < cols; j++) sum += Math.abs((coef[k * cols + j] as number) * (data[i * cols + j] as number));
      return 1.01 * (cols + 3) * inner * sum;
    });
    const near = (name: string, at: number, expected: number, allowed: number): void => {
      const given = outputs[name]?.values[at] as number;
      // a product too small for the type is 0
      const bound = allowed + 1.01 * outer * Math.abs(expected) + (precision === "float32" ? cols * 2 ** -148 : 0);
      if (!(Math.abs(given - expected) <= bound)) {
        throw new Error(`${name}, row ${i}: ${given}, expected ${expected} ± ${bound}`);
      }
    };
    if (classes === null) {
      near("variable", i, row[0] as number, slack[0] as number);
      continue;
    }
    const label = outputs["label"]?.values[i];
    const given = classes.indexOf(label as string);
    if (given < 0) throw new Error(`row ${i}: label ${label} is no class`);
    if (given !== places[i]) {
      const gap =
        width === 1
          ? Math.abs(row[0] as number) - (slack[0] as number)
          : Math.max(...row) - (row[given] as number) - Math.max(...slack) * 2;
      if (gap > 0) throw new Error(`row ${i}: label ${label}, expected ${classes[places[i] as number]}`);
    }
    if (model.estimator === "LinearSVC") {
      for (let k = 0; k < width; k++) near("scores", i * width + k, row[k] as number, slack[k] as number);
    } else {
      // rounding inside the exponential and the sum; a sum of small shares enlarges what the margins have lost by its reciprocal
      const p = probabilities(model, row);
      const sum = model.loss === "softmax" || width === 1 ? 1 : row.reduce((total, m) => total + sigmoid(m), 0);
      const lost = (Math.max(...slack) + (classes.length + 16) * inner) / Math.max(sum, 1e-3);
      for (const [k, expected] of p.entries()) near("probabilities", i * p.length + k, expected, lost);
    }
  }
}

/** Values that are exact in float32. */
export const float32s = (values: ArrayLike<number>): Float64Array => Float64Array.from(values, Math.fround);
