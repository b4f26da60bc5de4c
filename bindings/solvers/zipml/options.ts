// Options of ZipML's solver: names, ranges, defaults and what goes with what.
import { isVector } from "../../data/matrix.js";
import { Problem, type Weights, type WeightsInput } from "../../data/problem.js";
import { BitcenterError, show } from "../../errors.js";
import { checkNames, number, numberOrAuto, oneOf } from "../../options.js";

/** How a sample enters the gradient. */
export type SampleEstimator = "double" | "naive" | "nearest" | "corrected" | "exact";
/** Where the samples of a row come from. */
export type SampleSource = "stored" | "fresh" | "weaved";
/** What a value is divided by before it is rounded to levels. */
export type SampleScaling = "column" | "rowMax" | "rowL2";
/** When the exact row of a hinge loss is fetched. */
export type RefetchRule = "none" | "l1" | "midpoint" | "hoeffding" | "sketch";

export interface PolynomialOptions {
  /** Degree of the polynomial, 1 to 31; degree + 1 independent samples of every row. */
  readonly degree: number;
  /** The polynomial stands for the derivative at margins within ±radius. */
  readonly radius: number;
  /** Largest ‖w‖₂ (unit coordinates, intercept included). Default: radius ÷ the largest norm of a row, which keeps every exact margin within the radius. */
  readonly ball?: number;
}

export interface ZipmlOptions {
  /** How a sample enters the gradient (ZipML §2). "double" (default, but "nearest" with samples: "weaved"): two independent stochastic roundings. "naive": one stochastic
   *  rounding used twice, biased: it solves with XᵀX/n + D̄, D̄ the mean variances. "nearest": one deterministic rounding. "corrected": one stochastic rounding minus
   *  D̄∘w (squared loss only). "exact": the float32 rows. */
  readonly estimator?: SampleEstimator;
  /** "double": ½(Q1·ℓ′(Q2·w) + Q2·ℓ′(Q1·w)) (default true), or Q1·ℓ′(Q2·w). */
  readonly symmetrised?: boolean;
  /** "stored" (default): rounded once and kept packed; samples of one row share their interval and have one bit each. "fresh": new coins at every visit, from the float32 row.
   *  "weaved": the first `bits` of the eight bit-planes of the dataset's one any-precision copy, decoded at interval midpoints; estimator "nearest". */
  readonly samples?: SampleSource;
  /** 1 to 8 (default 8): 2^bits levels (row scaling: 2^bits − 1, 0 among them; 2 bits at least). With samples: "weaved" 2^bits intervals, and perhaps a function of
   *  the epoch (0-based). */
  readonly bits?: number | ((epoch: number) => number);
  /** Levels in unit coordinates, scaling "column" only: "uniform" on [−1, 1] (default), "optimal" (least mean variance of this dataset), or 2^bits ascending numbers
   *  from −1 to 1 that cover the dataset's unit values. Uncentred non-negative columns, say, fill [0, 1] only. */
  readonly levels?: "uniform" | "optimal" | ArrayLike<number>;
  /** Columns by their reach (default), or each row by its largest entry or norm. */
  readonly scaling?: SampleScaling;
  /** Bits of the model as the margins see it: 32 (default: not rounded), or 2 to 16, rounded stochastically at every step to 2^(bits−1) − 1 intervals per sign. The intercept never is. */
  readonly modelBits?: number;
  /** Bits of the minibatch gradient, likewise. */
  readonly gradientBits?: number;
  /** Scale of rounded models and gradients: largest entry (default) or norm. */
  readonly vectorScaling?: "max" | "l2";
  /** Logistic loss: a Chebyshev polynomial in place of the derivative, unbiased with degree + 1 samples (ZipML §4). Estimators "double" (default) and "exact". */
  readonly polynomial?: PolynomialOptions | null;
  /** Hinge and squared hinge: fetch the exact row when the samples do not tell on which side of the kink it is (ZipML §4). "l1": |1 − y·Q·w| within Σ widthⱼ|wⱼ|; "midpoint": half of
   *  that around the middle of the intervals; "hoeffding": within √(½ ln(2/failure) Σ (widthⱼwⱼ)²); "sketch": by random projections. Default "none". */
  readonly refetch?: RefetchRule;
  /** Probability that a kept row is on the other side: "hoeffding" and "sketch" (default 0.01). */
  readonly failure?: number;
  /** Numbers per row that "sketch" keeps, a multiple of 16 (default 256). */
  readonly sketchSize?: number;
  /** Rows per step (default 16). */
  readonly batchSize?: number;
  /** Step of the first epoch in unit coordinates, times the mean gradient of the batch. "auto": B/(2L), at most 1/λmax, both with the samples' variance (docs/numerics.md §14). */
  readonly stepSize?: number | "auto";
  /** Step of epoch k (0-based): α ("none", default), α/(1 + k) or α/√(1 + k). */
  readonly decay?: "none" | "inverse" | "inverseSqrt";
  /** "tail": report the mean of the iterates after every step since epoch ⌊outerSteps/2⌋ (default "none": the last one). */
  readonly average?: "none" | "tail";
  /** Steps per epoch; "auto" is ⌈rows/batchSize⌉. */
  readonly innerSteps?: number | "auto";
  /** Epochs after which the generator ends by itself (default 100); `break` ends it earlier. */
  readonly outerSteps?: number;
  /** Whole number from 0 to 2³² − 1 (default 0). Same seed, same bits, everywhere. */
  readonly seed?: number;
  /** Weights to start from (default: zeros). */
  readonly start?: WeightsInput;
}

export interface CheckedZipml {
  readonly estimator: SampleEstimator;
  readonly isSymmetrised: boolean;
  /** null: float32 rows. */
  readonly samples: SampleSource | null;
  readonly bits: (epoch: number) => number;
  readonly levels: "uniform" | "optimal" | Float64Array;
  readonly scaling: SampleScaling;
  /** Intervals per sign; 0: not rounded. */
  readonly modelLimit: number;
  readonly gradientLimit: number;
  readonly isNorm: boolean;
  readonly polynomial: { readonly degree: number; readonly radius: number; readonly ball: number | null } | null;
  readonly refetch: RefetchRule;
  readonly failure: number;
  readonly sketchSize: number;
  readonly batchSize: number;
  readonly stepSize: number | null;
  readonly decay: "none" | "inverse" | "inverseSqrt";
  readonly hasAverage: boolean;
  readonly innerSteps: number | null;
  readonly outerSteps: number;
  readonly seed: number;
  readonly start: Weights | null;
}

const NAMES = [
  "estimator",
  "symmetrised",
  "samples",
  "bits",
  "levels",
  "scaling",
  "modelBits",
  "gradientBits",
  "vectorScaling",
  "polynomial",
  "refetch",
  "failure",
  "sketchSize",
  "batchSize",
  "stepSize",
  "decay",
  "average",
  "innerSteps",
  "outerSteps",
  "seed",
  "start",
];
const UINT32_MAX = 4_294_967_295;
const MOST_BITS = 8;

function bad(where: string, sentence: string): never {
  throw new BitcenterError("BAD_OPTION", `${where}: ${sentence}`);
}

/** Bits of one epoch. */
function checkBits(where: string, value: unknown, least: number): number {
  return number(where, "bits", value, { min: least, max: MOST_BITS, integer: true }, MOST_BITS);
}

/** Intervals per sign of a rounded vector, 0 for 32 bits. */
function checkVectorBits(where: string, name: string, value: unknown): number {
  if (value === undefined || value === 32) return 0;
  const bits = number(where, name, value, {}, 32);
  if (!Number.isInteger(bits) || bits < 2 || bits > 16) {
    bad(where, `${name} must be 32 (not rounded) or a whole number from 2 to 16, given ${show(value)}`);
  }
  return 2 ** (bits - 1) - 1;
}

function checkLevels(where: string, value: unknown, bits: number): "uniform" | "optimal" | Float64Array {
  if (value === undefined || value === "uniform" || value === "optimal") return value ?? "uniform";
  const count = 2 ** bits;
  if (!isVector(value)) {
    bad(where, `levels must be "uniform", "optimal" or an array of ${count} numbers, given ${show(value)}`);
  }
  const levels = Array.from(value as ArrayLike<unknown>);
  if (levels.length !== count) {
    bad(where, `levels of bits: ${bits} must be ${count} numbers, given ${levels.length}`);
  }
  levels.forEach((level, k) => {
    if (typeof level !== "number" || !(level >= -1 && level <= 1)) {
      bad(where, `levels must be numbers from -1 to 1, given ${show(level)} at index ${k}`);
    }
    // the steps see them in float32
    if (k > 0 && !(Math.fround(level) > Math.fround(levels[k - 1] as number))) {
      bad(where, `levels must ascend (in float32), given ${levels[k - 1]} and ${level} at indices ${k - 1} and ${k}`);
    }
  });
  return Float64Array.from(levels as number[]);
}

function checkPolynomial(where: string, value: unknown, problem: Problem): CheckedZipml["polynomial"] {
  if (value === undefined || value === null) return null;
  checkNames(`${where}: polynomial`, value as object, ["degree", "radius", "ball"]);
  if (problem.loss !== "logistic") bad(where, `polynomial is for loss "logistic", given loss ${show(problem.loss)}`);
  const { degree, radius, ball } = value as Partial<PolynomialOptions>;
  if (degree === undefined || radius === undefined) bad(where, "polynomial needs a degree and a radius");
  const inside = `${where}: polynomial`;
  return {
    degree: number(inside, "degree", degree, { min: 1, max: 31, integer: true }, 1),
    radius: number(inside, "radius", radius, { above: 0, max: 700 }, 1),
    ball: number(inside, "ball", ball, { above: 0 }, null),
  };
}

/** Options of `zipml`, checked against each other and the problem. */
export function checkZipml(where: string, problem: Problem, options: ZipmlOptions): CheckedZipml {
  if (!(problem instanceof Problem)) bad(where, `expected a problem of an engine, given ${show(problem)}`);
  problem.checkLive();
  problem.checkSmooth(where);
  problem.dataset.dense(where);
  checkNames(where, options, NAMES);
  if (problem.loss === "softmax") {
    bad(where, 'loss "softmax" has several outputs: train one problem of two classes per class, with loss "logistic"');
  }
  const given = oneOf(where, "samples", options.samples, ["stored", "fresh", "weaved"] as const, "stored");
  const estimator = oneOf(
    where,
    "estimator",
    options.estimator,
    ["double", "naive", "nearest", "corrected", "exact"] as const,
    given === "weaved" ? "nearest" : "double",
  );
  const samples = estimator === "exact" ? null : given;
  if (estimator === "exact" && options.samples !== undefined) {
    bad(where, `estimator: "exact" reads the float32 rows and has no use for samples: ${show(given)}`);
  }
  if (samples === "weaved" && estimator !== "nearest") {
    bad(
      where,
      `samples: "weaved" holds one deterministic rounding: use estimator: "nearest", given ${show(estimator)}`,
    );
  }
  if (estimator === "corrected" && problem.loss !== "squared") {
    bad(where, `estimator: "corrected" is for loss "squared", given loss ${show(problem.loss)}`);
  }
  if (options.symmetrised !== undefined && estimator !== "double") {
    bad(where, `symmetrised is for estimator: "double", given estimator: ${show(estimator)}`);
  }
  const scaling = oneOf(where, "scaling", options.scaling, ["column", "rowMax", "rowL2"] as const, "column");
  if (samples === "weaved" && scaling !== "column") {
    bad(where, `samples: "weaved" has columns in their own scales: use scaling: "column", given ${show(scaling)}`);
  }
  const least = scaling === "column" ? 1 : 2;
  let bits: (epoch: number) => number;
  if (typeof options.bits === "function") {
    if (samples !== "weaved") bad(where, 'bits must be a number, but for samples: "weaved"');
    const schedule = options.bits;
    bits = (epoch) => checkBits(`${where}: epoch ${epoch}`, schedule(epoch) ?? Number.NaN, 1);
  } else {
    const fixed = checkBits(where, options.bits, least);
    bits = () => fixed;
  }
  const levels = samples === "weaved" ? "uniform" : checkLevels(where, options.levels, bits(0));
  if (options.levels !== undefined && options.levels !== "uniform" && (samples === "weaved" || scaling !== "column")) {
    const owner = samples === "weaved" ? 'samples: "weaved"' : `scaling: ${show(scaling)}`;
    bad(where, `${owner} has uniform levels: leave levels away`);
  }
  const polynomial = checkPolynomial(where, options.polynomial, problem);
  if (polynomial !== null && estimator !== "double" && estimator !== "exact") {
    bad(where, `polynomial needs independent samples: use estimator: "double", given ${show(estimator)}`);
  }
  const refetch = checkRefetch(where, options.refetch, problem, estimator);
  const vectors = oneOf(where, "vectorScaling", options.vectorScaling, ["max", "l2"] as const, "max");
  return {
    estimator,
    isSymmetrised: oneOf(where, "symmetrised", options.symmetrised, [true, false] as const, true),
    samples,
    bits,
    levels,
    scaling,
    modelLimit: checkVectorBits(where, "modelBits", options.modelBits),
    gradientLimit: checkVectorBits(where, "gradientBits", options.gradientBits),
    isNorm: vectors === "l2",
    polynomial,
    refetch,
    failure: number(where, "failure", options.failure, { min: 1e-12, max: 0.5 }, 0.01),
    sketchSize: checkSketch(where, options.sketchSize),
    batchSize: number(where, "batchSize", options.batchSize, { min: 1, max: 65_536, integer: true }, 16),
    stepSize: numberOrAuto(where, "stepSize", options.stepSize, { above: 0 }),
    decay: oneOf(where, "decay", options.decay, ["none", "inverse", "inverseSqrt"] as const, "none"),
    hasAverage: oneOf(where, "average", options.average, ["none", "tail"] as const, "none") === "tail",
    innerSteps: numberOrAuto(where, "innerSteps", options.innerSteps, { min: 1, max: UINT32_MAX, integer: true }),
    outerSteps: number(where, "outerSteps", options.outerSteps, { min: 0, integer: true }, 100),
    seed: number(where, "seed", options.seed, { min: 0, max: UINT32_MAX, integer: true }, 0),
    start: options.start === undefined ? null : problem.checkWeights(`${where}: start`, options.start),
  };
}

function checkSketch(where: string, value: unknown): number {
  const size = number(where, "sketchSize", value, { min: 16, max: 65_536, integer: true }, 256);
  if (size % 16 !== 0) bad(where, `sketchSize must be a multiple of 16, given ${size}`);
  return size;
}

/** Refetching needs a kink, and a bound that the estimator's rounding keeps. */
function checkRefetch(where: string, value: unknown, problem: Problem, estimator: SampleEstimator): RefetchRule {
  const rule = oneOf(where, "refetch", value, ["none", "l1", "midpoint", "hoeffding", "sketch"] as const, "none");
  if (rule === "none") return rule;
  if (problem.loss !== "hinge" && problem.loss !== "squaredHinge") {
    bad(where, `refetch is for loss "hinge" and "squaredHinge", given loss ${show(problem.loss)}`);
  }
  if (estimator === "exact") bad(where, 'estimator: "exact" has nothing to fetch: leave refetch away');
  if (rule === "midpoint" && estimator === "naive") {
    bad(
      where,
      'refetch: "midpoint" needs the interval of a value: use estimator: "double" or "nearest", given "naive"',
    );
  }
  if (rule === "hoeffding" && estimator === "nearest") {
    bad(where, 'refetch: "hoeffding" is about random rounding: use "l1" or "midpoint" with estimator: "nearest"');
  }
  return rule;
}
