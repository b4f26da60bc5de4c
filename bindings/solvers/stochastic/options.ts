// Options shared by the stochastic solvers: names, ranges and defaults, all in one place.
import { Problem, type Weights, type WeightsInput } from "../../data/problem.js";
import { BitcenterError, show } from "../../errors.js";
import { checkNames, number, numberOrAuto, oneOf } from "../../options.js";

export type Rounding = "stochastic" | "nearest";
/** Which iterate becomes the next anchor: I the last (what everybody runs), II a random one (what the theorems assume). */
export type AnchorOption = "I" | "II";
export type DeltaBits = 8 | 16;
/** What float32 models read: a float32 copy of the columns (dense rows; their default), or the integer codes (exact gradients correct for them). */
export type InnerData = "float32" | "codes";
/** Rows of one stochastic step: 1, or eight rows and more, two groups of four at a time. */
export type BatchSize = 1 | 8 | 16 | 32;
/** Rows of the stochastic steps: each drawn from all of them, or blocks of 32 neighbours, from a drawn one on, in codes that are kept in a shuffled order. */
export type Sampling = "uniform" | "blocks";

export interface CommonOptions {
  /** Step size α in unit coordinates (columns scaled to [−1, 1]); "auto" is 1/(2L), L = hMax·maxᵢ‖x̂ᵢ‖². */
  readonly stepSize?: number | "auto";
  /** Stochastic steps T per outer step; "auto" is 2 × rows. */
  readonly innerSteps?: number | "auto";
  /** Outer steps after which the generator ends by itself (default 100); `break` ends it earlier. */
  readonly outerSteps?: number;
  /** Steps between two applications of the dense term (full gradient, l2): 1 as published, or "auto" = 1/(α·λmax), at most 64. On sparse rows every
   *  step's dense term counts, at no cost: 1 or "auto", which are the same. */
  readonly flushEvery?: number | "auto";
  /** Random rows of a large dataset arrive from memory one cache miss at a time; blocks of neighbours arrive 2 to 4 times faster. The codes are shuffled
   *  once, so that neighbours are as different as any rows, however the data are sorted (CorgiPile, Xu et al. 2022, shuffles on two levels for the same
   *  end). "auto" (default): "blocks" where the codes take more than 32 MiB and are no part of the exact copy. That depends on the data's shape, never
   *  on the machine: same seed, same bits. Sparse rows: "uniform". */
  readonly sampling?: Sampling | "auto";
  /** Whole number from 0 to 2³² − 1 (default 0). Same seed, same bits, everywhere. */
  readonly seed?: number;
  /** Weights to start from (default: zeros). */
  readonly start?: WeightsInput;
}

export interface CheckedOptions {
  readonly stepSize: number | null;
  readonly innerSteps: number | null;
  readonly outerSteps: number;
  readonly flushEvery: number | null;
  /** null: by the size of the codes. */
  readonly sampling: Sampling | null;
  readonly seed: number;
  readonly start: Weights | null;
  /** Rows per step; 1 where the solver has no such option. */
  readonly batchSize?: BatchSize;
}

const COMMON = ["stepSize", "innerSteps", "outerSteps", "flushEvery", "sampling", "seed", "start"];
const UINT32_MAX = 4_294_967_295;

/** Checks the problem and the options every solver has; `more` names the options this solver adds. */
export function checkCommon(
  where: string,
  problem: Problem,
  options: CommonOptions,
  more: readonly string[],
): CheckedOptions {
  if (!(problem instanceof Problem)) {
    throw new BitcenterError("BAD_OPTION", `${where}: expected a problem of an engine, given ${show(problem)}`);
  }
  problem.checkLive();
  problem.checkSmooth(where);
  checkNames(where, options, [...COMMON, ...more]);
  const flushEvery = numberOrAuto(where, "flushEvery", options.flushEvery, { min: 1, max: UINT32_MAX, integer: true });
  const sampling = checkSampling(where, options.sampling);
  if (problem.dataset.sparse !== null) checkSparse(where, flushEvery, sampling);
  return {
    stepSize: numberOrAuto(where, "stepSize", options.stepSize, { above: 0 }),
    innerSteps: numberOrAuto(where, "innerSteps", options.innerSteps, { min: 1, max: UINT32_MAX, integer: true }),
    outerSteps: number(where, "outerSteps", options.outerSteps, { min: 0, integer: true }, 100),
    flushEvery,
    sampling,
    seed: number(where, "seed", options.seed, { min: 0, max: UINT32_MAX, integer: true }, 0),
    start: options.start === undefined ? null : problem.checkWeights(`${where}: start`, options.start),
  };
}

/** What steps over sparse rows have no use for. */
function checkSparse(where: string, flushEvery: number | null, sampling: Sampling | null): void {
  const refuse = (what: string, instead: string): never => {
    throw new BitcenterError(
      "UNSUPPORTED",
      `${where}: ${what} is for dense rows, this dataset's are sparse: ${instead}`,
    );
  };
  if (flushEvery !== null && flushEvery !== 1) {
    refuse(`flushEvery: ${flushEvery}`, "the dense term of every step counts, at no cost; leave flushEvery out");
  }
  if (sampling === "blocks") refuse('sampling: "blocks"', 'use sampling: "uniform"');
}

/** What float32 models read. Sparse rows have codes only, whose exact gradients correct for them. */
export function checkData(where: string, value: InnerData | undefined, problem: Problem): InnerData {
  const isSparse = problem.dataset.sparse !== null;
  const data = oneOf(where, "data", value, ["float32", "codes"] as const, isSparse ? "codes" : "float32");
  if (isSparse && data === "float32") {
    throw new BitcenterError(
      "UNSUPPORTED",
      `${where}: data: "float32" is for dense rows, this dataset's are sparse: use data: "codes"`,
    );
  }
  return data;
}

function checkSampling(where: string, value: Sampling | "auto" | undefined): Sampling | null {
  const given = oneOf(where, "sampling", value, ["auto", "uniform", "blocks"] as const, "auto");
  return given === "auto" ? null : given;
}

export function checkRounding(where: string, value: Rounding | undefined): Rounding {
  return oneOf(where, "rounding", value, ["stochastic", "nearest"] as const, "stochastic");
}

export function checkAnchorOption(where: string, value: AnchorOption | undefined): AnchorOption {
  return oneOf(where, "option", value, ["I", "II"] as const, "I");
}

/** The widest rows of batches, padded: int32 sums of 127·127 per column stay below 2³¹. */
const BATCH_COLUMNS = 131_072;

/** Rows per step. Batches read int8 codes with int16 parts, and have one coefficient a row. */
export function checkBatchSize(
  where: string,
  value: BatchSize | undefined,
  problem: Problem,
  bits: DeltaBits | undefined,
): BatchSize {
  const size = oneOf(where, "batchSize", value, [1, 8, 16, 32] as const, 1);
  if (size === 1) return size;
  const { dataset, loss, fitIntercept } = problem;
  const needs = (what: string, given: string): never => {
    throw new BitcenterError(
      "BAD_OPTION",
      `${where}: batchSize: ${size} needs ${what}, given ${given}; use batchSize: 1`,
    );
  };
  if (dataset.sparse !== null) needs("dense rows", "sparse ones");
  if (loss === "softmax") needs("a loss with one output", 'loss: "softmax"');
  if (dataset.bits !== 8) needs("a dataset of 8 bits", `one of ${dataset.bits}`);
  if (bits === 8) needs("bits: 16", "bits: 8");
  const columns = dataset.cols + (fitIntercept ? 1 : 0);
  if (columns > BATCH_COLUMNS) needs(`at most ${BATCH_COLUMNS} columns with the intercept`, `${columns}`);
  return size;
}

/** Bits of the model part: by default those of the data, but at least 16 for packed codes; int8 parts do not exist for int16 data. */
export function checkBits(where: string, value: DeltaBits | undefined, problem: Problem): DeltaBits {
  const dataBits = problem.dataset.bits;
  const bits = oneOf(where, "bits", value, [8, 16] as const, dataBits === 8 ? 8 : 16);
  if (bits === 8 && dataBits === 16) {
    throw new BitcenterError(
      "BAD_OPTION",
      `${where}: bits: 8 needs a dataset of 8 bits or fewer, given one of ${dataBits}; use bits: 16`,
    );
  }
  return bits;
}
