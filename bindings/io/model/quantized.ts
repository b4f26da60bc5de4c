// A linear model in integers: what the C header computes, bit for bit, and how far that can be from the float64 model.
//   input     code c of column j stands for the value  inputScale_j·c + inputOffset_j
//   margin    of output k:  w_k·x + b_k = Σ_j u_kj·c_j + B_k   with u_kj = w_kj·inputScale_j,  B_k = b_k + Σ_j w_kj·inputOffset_j
//   weights   q_kj = round(u_kj/s_k): int8 or int16, one scale s_k per output
//   bias      p_k = round((B_k + Σ_j u_kj·c̄_j)/s_k − Σ_j q_kj·c̄_j): what rounding the weights does to a typical row c̄ is taken back
//   sum       a_k = p_k + Σ_j q_kj·c_j in int32. s_k is so large that |p_k| + Σ_j |q_kj|·C ≤ 2³¹ − 1 with C the largest |code| of the type: no code and no
//             order of summation can overflow
//   score     m_k·a_k in int64, m_k = round(s_k·2^shift) with the largest m_k in [2³⁰, 2³¹): |score| < 2⁶², margin ≈ score·2^−shift
// An affine code with an integer weight per column: B. Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
// Inference", CVPR 2018, section 2; the multiplier is theirs, too.
import { checkMatrix, type DenseMatrix, isVector } from "../../data/matrix.js";
import { finish } from "../../engine/work.js";
import { BitcenterError, show } from "../../errors.js";
import { checkModel, outputsOf } from "../../estimators/check-model.js";
import type { LinearModel } from "../../estimators/linear-model.js";
import { checkNames, number, oneOf } from "../../options.js";

export type CodeType = "int8" | "uint8" | "int16";
export type Codes = Int8Array | Uint8Array | Int16Array;
export type Rows = DenseMatrix | readonly (readonly number[])[];

export interface QuantizeOptions {
  /** Type of the input codes (default "int8"). */
  readonly codes?: CodeType;
  /** What one step of a code is worth, for all columns or for each: for codes that exist already, such as pixels or the counts of a sensor. */
  readonly inputScale?: number | ArrayLike<number>;
  /** The value of code 0 (default 0), beside inputScale only. */
  readonly inputOffset?: number | ArrayLike<number>;
  /** Smallest and largest value, of all columns or of each: the codes are spread over them, values outside take the nearest code. */
  readonly ranges?: { readonly min: number | ArrayLike<number>; readonly max: number | ArrayLike<number> };
  /** Rows like those to come, in the model's units: their ranges, where no scale and no ranges are given; their means, for the bias; and `agreement`. */
  readonly sample?: Rows;
  /** 8 (default) or 16. */
  readonly weightBits?: 8 | 16;
}

/** The integer model beside the float64 model on some rows. */
export interface Agreement {
  readonly rows: number;
  /** Part of the rows with the same label; null for a regression. */
  readonly labels: number | null;
  /** Largest |margin of the integers − margin in float64| over rows and outputs, rounding of the inputs included. */
  readonly margin: number;
}

interface CodeFacts {
  readonly low: number;
  readonly high: number;
  readonly make: new (length: number) => Codes;
}

const CODES: Record<CodeType, CodeFacts> = {
  int8: { low: -128, high: 127, make: Int8Array },
  uint8: { low: 0, high: 255, make: Uint8Array },
  int16: { low: -32768, high: 32767, make: Int16Array },
};
const INT32_MAX = 2 ** 31 - 1;
/** Scales are kept from where 2^shift would be no float64. */
const LEAST_SCALE = 2 ** -900;

const at = (values: ArrayLike<number>, i: number): number => values[i] as number;
const clamp = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high);

interface Inputs {
  readonly scale: Float64Array;
  readonly offset: Float64Array;
}

interface SampleFacts {
  readonly min: Float64Array;
  readonly max: Float64Array;
  readonly mean: Float64Array;
}

/** Values of `rows`, all finite, in rows × cols. */
function checkRows(where: string, rows: Rows, cols: number): { data: ArrayLike<number>; rows: number } {
  const checked = finish(checkMatrix(where, rows));
  if (checked.cols !== cols) {
    throw new BitcenterError("BAD_SHAPE", `${where}: rows have ${checked.cols} columns, the model ${cols}`);
  }
  const bad = checked.data.findIndex((x) => !Number.isFinite(x));
  if (bad >= 0) {
    const place = `row ${Math.floor(bad / cols)}, column ${bad % cols}`;
    throw new BitcenterError("BAD_VALUE", `${where}: ${place}: expected a finite number, given ${checked.data[bad]}`);
  }
  return checked;
}

function describe(data: ArrayLike<number>, rows: number, cols: number): SampleFacts {
  const min = new Float64Array(cols).fill(Number.POSITIVE_INFINITY);
  const max = new Float64Array(cols).fill(Number.NEGATIVE_INFINITY);
  const mean = new Float64Array(cols);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      const x = at(data, i * cols + j);
      min[j] = Math.min(at(min, j), x);
      max[j] = Math.max(at(max, j), x);
      mean[j] = at(mean, j) + x / rows;
    }
  }
  return { min, max, mean };
}

/** One number per column of an option that may be one for all. */
function perColumn(where: string, name: string, given: number | ArrayLike<number>, cols: number, above?: number) {
  const limits = above === undefined ? {} : { above };
  if (!isVector(given)) return new Float64Array(cols).fill(number(where, name, given, limits, 0));
  if (given.length !== cols) {
    throw new BitcenterError("BAD_OPTION", `${where}: ${name} has ${given.length} numbers for ${cols} columns`);
  }
  return Float64Array.from(given as ArrayLike<number>, (x, j) =>
    number(where, `${name}[${j}]`, x ?? Number.NaN, limits, 0),
  );
}

/** Codes low … high over min … max; a column without a range keeps its value at code 0. */
function spread(where: string, { low, high }: CodeFacts, min: ArrayLike<number>, max: ArrayLike<number>): Inputs {
  const [scale, offset] = [new Float64Array(min.length), new Float64Array(min.length)];
  for (let j = 0; j < min.length; j++) {
    const [from, to] = [at(min, j), at(max, j)];
    if (from > to) {
      throw new BitcenterError("BAD_OPTION", `${where}: ranges of column ${j} go from ${from} down to ${to}`);
    }
    // either quotient alone may be infinite
    const step = to / (high - low) - from / (high - low);
    const isWide = step > 0 && Number.isFinite(from - step * low);
    scale[j] = isWide ? step : 1;
    offset[j] = isWide ? from - step * low : from;
  }
  return { scale, offset };
}

/** One output of the integer model. */
interface Output {
  readonly scale: number;
  readonly bias: number;
  /** |bias| + Σ |weight|·C. */
  readonly largest: number;
}

/** The smallest scale whose weights have their bits and whose sums fit in int32; `q` receives the weights. */
function quantizeOutput(
  u: Float64Array,
  b: number,
  centre: Float64Array,
  qmax: number,
  most: number,
  q: Float64Array,
): Output {
  const sum = u.reduce((total, x) => total + Math.abs(x), 0);
  const widest = u.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const centred = u.reduce((total, x, j) => total + x * at(centre, j), b);
  let scale = Math.max(widest / qmax, (Math.abs(b) + sum * most) / INT32_MAX, LEAST_SCALE);
  for (;;) {
    let [pulled, largest] = [0, 0];
    for (let j = 0; j < u.length; j++) {
      const code = clamp(Math.round(at(u, j) / scale), -qmax, qmax);
      q[j] = code;
      pulled += code * at(centre, j);
      largest += Math.abs(code) * most;
    }
    const bias = Math.round(centred / scale - pulled);
    largest += Math.abs(bias);
    if (largest <= INT32_MAX) return { scale, bias, largest };
    // rounding has added a little; a scale larger by as much takes it away, and in the end all codes
    scale *= (largest / INT32_MAX) * (1 + 2 ** -20);
  }
}

export class QuantizedModel {
  readonly estimator: LinearModel["estimator"];
  readonly loss: LinearModel["loss"];
  readonly classes: LinearModel["classes"];
  readonly cols: number;
  readonly outputs: number;
  /** Type of the input codes. */
  readonly codes: CodeType;
  /** value = inputScale[j]·code + inputOffset[j]. */
  readonly inputScale: Float64Array;
  readonly inputOffset: Float64Array;
  /** outputs × cols, row-major. */
  readonly weights: Int8Array | Int16Array;
  /** outputs. */
  readonly bias: Int32Array;
  /** outputs, from 0 to 2³¹ − 1. */
  readonly multiplier: Int32Array;
  /** margin ≈ score·2^−shift. */
  readonly shift: number;
  /** A regression's prediction is its value times 2^fractionBits, rounded half away from zero, in int32. */
  readonly fractionBits: number;
  /** Per output: no int32 sum is larger in magnitude, whatever the codes. */
  readonly largestSum: Float64Array;
  /** Per output: |score·2^−shift − (w·x + b)| for x exactly at its codes is at most this, up to the rounding of float64. */
  readonly marginError: Float64Array;
  /** On options.sample, or null. */
  readonly agreement: Agreement | null;
  readonly #model: LinearModel;

  /** `where` opens the sentences of errors. */
  constructor(given: LinearModel, options: QuantizeOptions, where = "quantizedModel") {
    const model = checkModel(where, given);
    const names = ["codes", "inputScale", "inputOffset", "ranges", "sample", "weightBits"];
    checkNames(where, options, names);
    this.#model = model;
    this.estimator = model.estimator;
    this.loss = model.loss;
    this.classes = model.classes;
    this.cols = model.cols;
    this.outputs = outputsOf(model);
    this.codes = oneOf(where, "codes", options.codes, ["int8", "uint8", "int16"] as const, "int8");
    const bits = oneOf(where, "weightBits", options.weightBits, [8, 16] as const, 8);
    const { cols, outputs } = this;
    const facts = CODES[this.codes];
    const rows = options.sample === undefined ? undefined : checkRows(`${where}: sample`, options.sample, cols);
    const sample = rows && describe(rows.data, rows.rows, cols);
    const { scale, offset } = this.#inputs(where, options, facts, sample);
    this.inputScale = scale;
    this.inputOffset = offset;

    const codeOf = (value: number, j: number): number =>
      clamp((value - at(offset, j)) / at(scale, j), facts.low, facts.high);
    // the middle of a range; where codes exist already, the value 0
    const isSpread = options.inputScale === undefined;
    const middle = (facts.low + facts.high) / 2;
    const centre = Float64Array.from({ length: cols }, (_, j) =>
      sample ? codeOf(at(sample.mean, j), j) : isSpread ? middle : codeOf(0, j),
    );
    const most = Math.max(-facts.low, facts.high);
    const qmax = bits === 8 ? 127 : 32767;
    this.weights = bits === 8 ? new Int8Array(outputs * cols) : new Int16Array(outputs * cols);
    this.bias = new Int32Array(outputs);
    this.multiplier = new Int32Array(outputs);
    this.largestSum = new Float64Array(outputs);
    this.marginError = new Float64Array(outputs);
    const scales = new Float64Array(outputs);
    const q = new Float64Array(cols);
    for (let k = 0; k < outputs; k++) {
      const w = model.coef.subarray(k * cols, (k + 1) * cols);
      const u = w.map((x, j) => x * at(scale, j));
      const b = w.reduce((total, x, j) => total + x * at(offset, j), at(model.intercept, k));
      const reach = u.reduce((total, x) => total + Math.abs(x), 0) * most;
      if (!Number.isFinite(reach) || !Number.isFinite(b)) {
        throw new BitcenterError(
          "BAD_VALUE",
          `${where}: output ${k}: weights times the scale of the inputs overflow float64`,
        );
      }
      const output = quantizeOutput(u, b, centre, qmax, most, q);
      this.weights.set(q, k * cols);
      this.bias[k] = output.bias;
      this.largestSum[k] = output.largest;
      scales[k] = output.scale;
      this.marginError[k] = q.reduce((total, code, j) => {
        const far = Math.max(facts.high - at(centre, j), at(centre, j) - facts.low);
        return total + Math.abs(at(u, j) - output.scale * code) * far;
      }, output.scale / 2);
    }

    let [shift, power] = [0, 1];
    const top = scales.reduce((most, x) => Math.max(most, x), 0);
    for (; top * power >= 2 ** 31; power /= 2) shift--;
    for (; top * power < 2 ** 30; power *= 2) shift++;
    this.shift = shift;
    let largest = 0;
    for (let k = 0; k < outputs; k++) {
      const multiplier = Math.min(Math.round(at(scales, k) * power), INT32_MAX);
      this.multiplier[k] = multiplier;
      const lost = Math.abs(at(scales, k) - multiplier / power) * at(this.largestSum, k);
      this.marginError[k] = at(this.marginError, k) + lost;
      largest = Math.max(largest, multiplier * at(this.largestSum, k));
    }
    // half a unit more than the largest score must fit; products of two int32 are rounded by 2⁻⁵³ here, hence the one
    let dropped = 0;
    for (; largest > INT32_MAX - 1; largest /= 2) dropped++;
    this.fractionBits = shift - dropped;
    this.agreement = options.sample === undefined ? null : this.evaluate(options.sample);
  }

  #inputs(where: string, options: QuantizeOptions, facts: CodeFacts, sample: SampleFacts | undefined): Inputs {
    const { inputScale, inputOffset, ranges } = options;
    const { cols } = this;
    if (inputScale !== undefined && ranges !== undefined) {
      throw new BitcenterError("BAD_OPTION", `${where}: give inputScale or ranges, not both`);
    }
    if (inputScale !== undefined) {
      return {
        scale: perColumn(where, "inputScale", inputScale, cols, 0),
        offset: perColumn(where, "inputOffset", inputOffset ?? 0, cols),
      };
    }
    if (inputOffset !== undefined) {
      throw new BitcenterError("BAD_OPTION", `${where}: inputOffset needs inputScale beside it`);
    }
    if (ranges !== undefined) {
      checkNames(`${where}: ranges`, ranges, ["min", "max"]);
      const read = (name: "min" | "max"): Float64Array =>
        perColumn(where, `ranges.${name}`, ranges[name] ?? Number.NaN, cols);
      return spread(where, facts, read("min"), read("max"));
    }
    if (sample !== undefined) return spread(where, facts, sample.min, sample.max);
    throw new BitcenterError(
      "BAD_OPTION",
      `${where}: what the input codes stand for must be given: inputScale (codes that exist already), ranges {min, max}, or sample rows to take them from`,
    );
  }

  /** Nearest codes of rows in the model's units: rows × cols, row-major; what a caller of the C function does with real inputs. */
  encode(rows: Rows): Codes {
    const { cols, inputScale, inputOffset } = this;
    const { low, high, make } = CODES[this.codes];
    const { data } = checkRows("encode", rows, cols);
    const codes = new make(data.length);
    for (let i = 0; i < data.length; i++) {
      const j = i % cols;
      codes[i] = clamp(Math.round((at(data, i) - at(inputOffset, j)) / at(inputScale, j)), low, high);
    }
    return codes;
  }

  /** The int32 sum of output k for the row of codes that begins at `from`. */
  #sum(codes: Codes, from: number, k: number): number {
    const { cols, weights } = this;
    let sum = at(this.bias, k);
    for (let j = 0; j < cols; j++) sum = (sum + at(weights, k * cols + j) * at(codes, from + j)) | 0;
    return sum;
  }

  #countRows(where: string, codes: Codes): number {
    const { cols } = this;
    if (!(codes instanceof CODES[this.codes].make)) {
      throw new BitcenterError("BAD_SHAPE", `${where}: codes must be ${this.codes}, given ${show(codes)}`);
    }
    if (codes.length % cols !== 0) {
      throw new BitcenterError("BAD_SHAPE", `${where}: ${codes.length} codes are no rows of ${cols} columns`);
    }
    return codes.length / cols;
  }

  /** Scores of rows of codes: rows × outputs, row-major; margin ≈ score·2^−shift. The C function `…_score`. */
  scores(codes: Codes): BigInt64Array {
    const rows = this.#countRows("scores", codes);
    const { outputs, cols, multiplier } = this;
    const scores = new BigInt64Array(rows * outputs);
    for (let i = 0; i < rows; i++) {
      for (let k = 0; k < outputs; k++) {
        scores[i * outputs + k] = BigInt(this.#sum(codes, i * cols, k)) * BigInt(at(multiplier, k));
      }
    }
    return scores;
  }

  /** What the C function `…_predict` returns for each row of codes: the place of the class in `classes`, or the value times 2^fractionBits. */
  predict(codes: Codes): Int32Array {
    const scores = this.scores(codes);
    const { outputs, classes } = this;
    const unit = 1n << BigInt(this.shift - this.fractionBits);
    return Int32Array.from({ length: scores.length / outputs }, (_, i) => {
      const first = scores[i * outputs] as bigint;
      if (classes === null) return Number(first >= 0n ? (first + unit / 2n) / unit : -((unit / 2n - first) / unit));
      if (outputs === 1) return first > 0n ? 1 : 0;
      let best = 0;
      for (let k = 1; k < outputs; k++) {
        if ((scores[i * outputs + k] as bigint) > (scores[i * outputs + best] as bigint)) best = k;
      }
      return best;
    });
  }

  /** How far the integer model is from the float64 model on `rows` (in the model's units). */
  evaluate(rows: Rows): Agreement {
    const { outputs, cols, classes } = this;
    const { coef, intercept } = this.#model;
    const { data, rows: count } = checkRows("evaluate", rows, cols);
    const codes = this.encode(rows);
    const scores = this.scores(codes);
    const places = this.predict(codes);
    let [same, margin] = [0, 0];
    const exact = new Float64Array(outputs);
    for (let i = 0; i < count; i++) {
      for (let k = 0; k < outputs; k++) {
        let sum = at(intercept, k);
        for (let j = 0; j < cols; j++) sum += at(coef, k * cols + j) * at(data, i * cols + j);
        exact[k] = sum;
        margin = Math.max(margin, Math.abs(this.marginOf(scores[i * outputs + k] as bigint) - sum));
      }
      let best = outputs === 1 && at(exact, 0) > 0 ? 1 : 0;
      for (let k = 1; k < outputs; k++) if (at(exact, k) > at(exact, best)) best = k;
      if (places[i] === best) same++;
    }
    return { rows: count, labels: classes === null ? null : same / count, margin };
  }

  /** The margin that a score stands for. */
  marginOf(score: bigint): number {
    let margin = Number(score);
    for (let i = 0; i < this.shift; i++) margin /= 2;
    for (let i = 0; i > this.shift; i--) margin *= 2;
    return margin;
  }
}

/**
 * `model` in integers, for machines without floating point; `toCHeader` writes the same model as C.
 * @throws BitcenterError BAD_SHAPE, BAD_VALUE for something that is no fitted model, or sample rows that do not fit it; BAD_OPTION, also where nothing says
 *   what the codes stand for
 */
export function quantizedModel(model: LinearModel, options: QuantizeOptions = {}): QuantizedModel {
  return new QuantizedModel(model, options);
}
