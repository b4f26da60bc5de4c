// How much work lies between two pauses: counted, not timed. Every call of a kernel costs what its arguments say, in multiply-adds.
import type { Core } from "../../bindings/engine/core.js";
import type { Kernel, Kernels } from "../../bindings/engine/kernels.js";
import { RUN_FIELDS, type RunField } from "../../bindings/engine/run.js";
import { ZIPML_FIELDS, type ZipmlField } from "../../bindings/engine/zipml-run.js";

/** Most multiply-adds of a piece: twice what passes are cut to, since a row, a column or a block is not cut any more. */
export const BOUND = 2 ** 23;

/** What a product of integers, a loss, a division, a value that is rounded or counted cost, against a multiply-add. */
const INTEGER = 1 / 4;
const LOSS = 8;
const DIVISION = 4;
const VALUE = 2;
/** A number in a view: that is made to copy, fill or look at all of it. */
const VIEWED = 4;

type Cost = (args: readonly number[], core: Core) => number;

const product =
  (price: number, ...places: readonly number[]): Cost =>
  (args) =>
    places.reduce((cost, place) => cost * (args[place] as number), price);
const nothing: Cost = () => 0;

const runField = (core: Core, run: number, name: RunField): number =>
  core.view().getUint32(run + 16 + 4 * (RUN_FIELDS.indexOf(name) - 2), true);
const zipmlField = (core: Core, run: number, name: ZipmlField): number =>
  core.view().getUint32(run + 4 * ZIPML_FIELDS.indexOf(name), true);
/** Columns × classes of a run. */
const modelOf = (core: Core, run: number): number => runField(core, run, "columns") * runField(core, run, "classes");
/** Values of a visit to a row of zipml. */
const visitOf = (core: Core, run: number): number =>
  VALUE * zipmlField(core, run, "columns") * (zipmlField(core, run, "samples") + 1);
/** Part of a call between first and end, or all of it. */
const share = (args: readonly number[], first: number, end: number, all: number): number =>
  ((args[end] ?? 0) > 0 ? (args[end] as number) - (args[first] as number) : all) / all;

/** The first name that matches counts. */
const COSTS: readonly (readonly [names: RegExp, cost: Cost])[] = [
  [/Bytes$|^heapBase$|^isRelaxed$|^probe$|^exp$|^log$/, nothing],
  // the exact copy
  [/^(statistics|squares)/, product(VALUE, 2, 3)],
  [/^(quantize|planes|narrow|countClipped|countBins|keptSquares|firstNotFinite)/, product(1, 2, 3)],
  [/^decodePlanes$/, product(VALUE, 3, 4)],
  [/^spread$/, product(1 / 8, 2, 4)],
  [/^touch$/, product(1 / 64, 1)],
  [/^fitsFloat32$/, product(1, 1)],
  [/^sample(F64|F32)$/, (args) => Math.ceil((args[2] as number) / (args[3] as number))],
  [/^(lowerMedian|deviation)$/, product(LOSS, 1)],
  [/^nextCrowded$/, product(LOSS, 2)],
  [/^margins/, product(1, 3, 4, 7)],
  [/^gradient/, product(1, 3, 4, 6)],
  [/^lossPass$/, product(LOSS, 4, 5)],
  [/^columnSums$/, product(1, 1, 2)],
  [/^gather$/, (args) => (args[3] as number) * (8 + (args[4] as number) / 8)],
  [
    /^permutation$/,
    (args) => LOSS * ((args[3] as number) > 0 ? (args[3] as number) - (args[4] as number) : (args[1] as number)),
  ],
  // packed codes
  [/^(pack|unpack)U\d$/, product(1, 2, 3)],
  [/^(negativeSums|maxRowNorm)/, product(1, 2, 3)],
  [
    /^largestEigenvalue/,
    (args) =>
      2 * (args[3] as number) * (args[2] as number) * (args[5] as number) * share(args, 11, 12, args[2] as number),
  ],
  // passes over bytes
  [/^blockMargins/, product(INTEGER, 2, 3, 4)],
  [/^hessian/, product(2 * INTEGER, 2, 3, 4)],
  [/^follow/, (args) => product(args[1] === 0 ? INTEGER : 2 * INTEGER, 3, 4, 5)(args, undefined as never)],
  [
    /^gram(I8|U8)$/,
    (args) => INTEGER * (args[2] as number) * (args[3] as number) ** 2 * share(args, 9, 10, args[3] as number),
  ],
  [/^weightedSums/, product(INTEGER, 2, 3)],
  [/^moments/, product(VALUE, 2, 3)],
  [/^markTiles$/, product(INTEGER, 2, 3)],
  [/^weightCodes/, product(VALUE, 2)],
  [/^sumInt16$/, product(1, 1)],
  [
    /^choleskyFactor$/,
    ([, n = 0, first = 0, end = 0]) => {
      let cost = 0;
      for (let j = first; j < (end || n); j++) cost += j * (n - j);
      return cost;
    },
  ],
  [
    /^choleskySolve$/,
    (args) =>
      (args[1] as number) ** 2 * (args[4] as number) * share(args, 5, 6, 2 * Math.ceil((args[1] as number) / 4)),
  ],
  // rows
  [/^plane1$/, product(LOSS, 6)],
  [/^planeSoftmax$/, product(LOSS, 4, 5)],
  [/^interior(Start|Gap)$/, (args) => VALUE * (args[args.length === 5 ? 2 : 3] as number)],
  [/^interiorCurvature$/, product(2 * DIVISION, 3)],
  [/^interior(Aim|Move)$/, product(3 * DIVISION, 3)],
  [/^interior(Derivatives|Reach|Products)$/, product(2 * DIVISION, 4)],
  [/^curvatureRows$/, product(VALUE, 3)],
  [
    /^(rowWeights|applyCurvature|classWeights)$/,
    (args) => VALUE * product(1, ...(args.length === 6 ? [3, 4] : [4, 5]))(args, undefined as never),
  ],
  [/^sumWeights$/, product(1, 1)],
  [/^sampleRows$/, (args) => VALUE * (args[2] as number) * share(args, 7, 8, args[2] as number)],
  [/^(toFloat32|toFloat64|multiplyF32)$/, product(1, 2)],
  // vectors
  [/^combine$/, product(1, 4)],
  [/^(addScaled|addInt32)$/, product(1, 3)],
  [/^dotF64$/, product(1, 2)],
  [/^(maxAbs|countLimitsI8|countLimitsI16|maxCodeI8|maxCodeI16)$/, product(1, 1)],
  [/^(scaleColumns)$/, product(1, 3, 4)],
  [/^(weightedSquares|subtractCodes|roundingError|snap|toInt16)$/, product(DIVISION, 2, 3)],
  [/^centreClasses$/, product(VALUE, 1, 2)],
  [/^(toWeights|toCodes)$/, product(DIVISION, 4, 5)],
  [/^toStored$/, product(1, 2, 3)],
  [/^assembleGradient$/, product(3 * DIVISION, 6, 7)],
  [/^dataGradient$/, product(1, 4, 5)],
  [/^fold/, product(1, 4)],
  [/^toGrid/, product(DIVISION, 3)],
  [/^ridge$/, product(2 * DIVISION, 1)],
  [/^frameMaps$/, product(2 * DIVISION, 5)],
  [/^assembleProduct$/, product(DIVISION, 9, 10)],
  [/^assembleGram$/, product(VALUE, 9, 9)],
  [/^raiseDiagonal$/, product(1, 1)],
  [/^assembleDiagonal$/, product(DIVISION, 8)],
  // penalties that are not smooth
  [/^(l1Norm|l1Free)$/, product(1, 2)],
  [/^(l1Least|l1Slopes|l1Mask|l1Reach|l1Step|l1Change|scatter)$/, product(1, 3)],
  [/^l1Take$/, product(1, 4)],
  [/^l1Jump$/, product(DIVISION, 4)],
  [/^leastSubgradient$/, product(DIVISION, 3, 4)],
  [/^l1Shift$/, product(LOSS, 2, 3)],
  [/^(symmetricProduct|l1Sweep)$/, product(1, 1, 1)],
  [/^completeMatrix$/, product(VALUE, 1, 1)],
  [/^submatrix$/, product(VALUE, 3, 3)],
  // runs
  [
    /^advanceBatches$/,
    (args, core) =>
      (args[1] as number) * 4 * runField(core, args[0] as number, "groups") * modelOf(core, args[0] as number),
  ],
  [
    /^(advance|begin)(Published|[IUF]\d+[IF]\d+)$/,
    (args, core) => (args.length === 2 ? (args[1] as number) : 1) * modelOf(core, args[0] as number),
  ],
  [/^fillBase/, (args, core) => ((args[2] as number) - (args[1] as number)) * modelOf(core, args[0] as number)],
  [/^preparePublished$/, (args, core) => modelOf(core, args[0] as number)],
  [/^packGroups$/, product(1, 3, 4)],
  [/^beginZipml$/, nothing],
  [
    /^advanceZipml$/,
    (args, core) => {
      const visits =
        (args[3] ?? 0) > 0
          ? (args[3] as number) - (args[2] as number)
          : (args[1] as number) * zipmlField(core, args[0] as number, "batch");
      const sketch =
        zipmlField(core, args[0] as number, "refetch") === 4 ? zipmlField(core, args[0] as number, "sketchSize") : 1;
      return (
        visits * visitOf(core, args[0] as number) +
        (args[1] as number) * sketch * zipmlField(core, args[0] as number, "columns")
      );
    },
  ],
  [
    /^packZipml$/,
    (args, core) =>
      (args[3] as number) *
      LOSS *
      zipmlField(core, args[0] as number, "columns") *
      Math.max(1, zipmlField(core, args[0] as number, "ups")),
  ],
  [/^variancesZipml$/, (args, core) => (args[3] as number) * LOSS * zipmlField(core, args[0] as number, "columns")],
  [
    /^outlineZipml$/,
    (args, core) =>
      (args[3] as number) *
      zipmlField(core, args[0] as number, "columns") *
      zipmlField(core, args[0] as number, "sketchSize"),
  ],
  [/^weaveUnits$/, product(VALUE, 2, 3)],
  // levels
  [/^sortAscending$/, (args) => DIVISION * (args[2] as number) * 8 * share(args, 4, 5, 8)],
  [/^pointsOfSorted$/, product(LOSS, 2)],
  [/^valueRange$/, product(1, 1)],
  [/^weighCells$|^weighFineCells$|^fillCells$/, product(LOSS, 2)],
  [/^splitCells$|^centreCells$|^pointsOfCells$/, product(LOSS, 1)],
  [
    /^levelsDivide$/,
    ([, count = 0, intervals = 0, , , first = 0, end = 0]) => {
      const rows = count - intervals;
      return VALUE * rows * Math.ceil(Math.log2(rows + 1)) * Math.max(1, end > 0 ? end - first : intervals - 2);
    },
  ],
  [/^lloydMax$/, ([, , count = 0, , , levels = 0, turns = 0]) => VALUE * turns * levels * Math.ceil(Math.log2(count))],
];

/** What a call of this kernel costs; a kernel without a price is a hole in the table. */
function costOf(name: string): Cost {
  const found = COSTS.find(([names]) => names.test(name));
  if (found === undefined) throw new Error(`kernel ${name} has no price in test/support/pieces.ts`);
  return found[1];
}

/** Counts what the kernels of all engines cost. */
export class Meter {
  /** Since the last `take`. */
  #cost = 0;
  /** Name of the kernel called last. */
  last = "";
  readonly #restore: readonly (() => void)[];

  /** core: the class whose engines are measured, until `stop`. */
  constructor(core: typeof Core) {
    const { prototype } = core;
    const own = Object.getOwnPropertyDescriptor(prototype, "kernels") as PropertyDescriptor;
    const counted = new WeakMap<Kernels, Kernels>();
    const count = (name: string, kernel: Kernel, owner: Core): Kernel => {
      const cost = costOf(name);
      return (...args) => {
        this.#cost += cost(args, owner);
        this.last = name;
        return kernel(...args);
      };
    };
    const meter = function (this: Core): Kernels {
      const kernels = own.get?.call(this) as Kernels;
      let wrapped = counted.get(kernels);
      if (wrapped === undefined) {
        const names = Object.keys(kernels).filter((name) => name !== "memory") as (keyof Kernels)[];
        wrapped = Object.fromEntries(
          names.map((name) => [name, lazily(() => count(name, kernels[name], this))]),
        ) as Kernels;
        counted.set(kernels, wrapped);
      }
      return wrapped;
    };
    Object.defineProperty(prototype, "kernels", { configurable: true, get: meter });
    const views = (["f64", "f32", "u32"] as const).map((name) => {
      const real = prototype[name] as (this: Core, pointer: number, count: number) => never;
      const look = (numbers: number): void => {
        this.#cost += VIEWED * numbers;
      };
      prototype[name] = function (this: Core, pointer: number, numbers: number) {
        look(numbers);
        return real.call(this, pointer, numbers);
      };
      return () => {
        prototype[name] = real;
      };
    });
    this.#restore = [() => Object.defineProperty(prototype, "kernels", own), ...views];
  }

  take(): number {
    const cost = this.#cost;
    this.#cost = 0;
    return cost;
  }

  stop(): void {
    for (const restore of this.#restore) restore();
  }
}

/** A kernel that is looked up when it is first called. */
function lazily(make: () => Kernel): Kernel {
  let kernel: Kernel | null = null;
  return (...args) => {
    kernel ??= make();
    return kernel(...args);
  };
}

/** What was done between pauses, and what came out. */
export interface Pieces<T, R> {
  readonly costs: readonly number[];
  readonly reports: readonly R[];
  readonly result: T;
}

/** Runs work to its end, a piece at a time. */
export function measured<T, R = never>(meter: Meter, work: Generator<R | undefined, T, undefined>): Pieces<T, R> {
  const costs: number[] = [];
  const reports: R[] = [];
  for (;;) {
    meter.take();
    const { done, value } = work.next();
    costs.push(meter.take());
    if (done) return { costs, reports, result: value };
    if (value !== undefined) reports.push(value);
  }
}
