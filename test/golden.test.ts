// Same seed, same bits: every Node, every browser, both modules. test/golden.json holds a hash per configuration: FNV-1a (64 bits) over the bytes of
// coef, intercept, deltaScale, objective and gradientNorm after five outer steps (auto: or when it has converged).
//
// A hash changes exactly when results change. Where that is intended (docs/numerics.md then changes, too), write the file anew and say so in the
// change log:   npx vitest run test/golden.test.ts -u
//
// The inputs are made of integers, + − × ÷ and square roots only, which are exact everywhere; Math.exp and its kind are not.
import { afterAll, describe, expect, it } from "vitest";
import {
  auto,
  createEngine,
  type DatasetOptions,
  halp,
  type LossName,
  lpSgd,
  lpSvrg,
  type Problem,
  type ProblemOptions,
  type StepReport,
  saga,
  sgd,
  svrg,
  type Variant,
  zipml,
} from "../bindings/index.js";
import { Dice } from "./support/random.js";
import { describeVariants, VARIANTS } from "./support/variants.js";

const SOLVERS = { auto, halp, lpSvrg, lpSgd, saga, svrg, sgd, zipml } as unknown as Record<
  string,
  (problem: Problem, options: Record<string, unknown>) => Generator<StepReport, void, undefined>
>;

interface Configuration {
  readonly solver: keyof typeof SOLVERS;
  readonly loss: LossName;
  readonly rows: number;
  readonly cols: number;
  readonly problem?: Omit<ProblemOptions, "loss">;
  readonly dataset?: DatasetOptions;
  readonly isWeighted?: boolean;
  /** uint8 values instead of float64. */
  readonly isByte?: boolean;
  /** Sparse rows, of the values above 1, kept as this. */
  readonly sparse?: "int8" | "uint8" | "table8" | "table16" | "float32" | "float64";
  readonly options?: Record<string, unknown>;
}

const CONFIGURATIONS: Readonly<Record<string, Configuration>> = {
  "halp 8/8 published, squared": {
    solver: "halp",
    loss: "squared",
    rows: 200,
    cols: 33,
    options: { bits: 8, flushEvery: 1, mu: 0.2 },
  },
  "halp 8/8 published, softmax, nearest, l2, weights": {
    solver: "halp",
    loss: "softmax",
    rows: 150,
    cols: 20,
    isWeighted: true,
    problem: { l2: 0.01 },
    options: { bits: 8, flushEvery: 1, rounding: "nearest" },
  },
  "halp 8/8, logistic, nearest, option II": {
    solver: "halp",
    loss: "logistic",
    rows: 120,
    cols: 47,
    problem: { l2: 0.02 },
    options: { bits: 8, rounding: "nearest", option: "II" },
  },
  "halp 8/16, softmax, weights": {
    solver: "halp",
    loss: "softmax",
    rows: 200,
    cols: 64,
    isWeighted: true,
    problem: { l2: 0.01 },
    options: { bits: 16 },
  },
  "halp 8/16, huber, rounded16": {
    solver: "halp",
    loss: "huber",
    rows: 180,
    cols: 31,
    dataset: { exact: "rounded16" },
    problem: { l2: 0.001, epsilon: 0.5 },
    options: { bits: 16, mu: 0.05 },
  },
  "halp 16/16, squaredHinge, no intercept, option II": {
    solver: "halp",
    loss: "squaredHinge",
    rows: 160,
    cols: 65,
    dataset: { bits: 16 },
    problem: { l2: 0.01, fitIntercept: false },
    options: { option: "II" },
  },
  "halp 16/16, logistic, nearest, flushEvery 1": {
    solver: "halp",
    loss: "logistic",
    rows: 90,
    cols: 5,
    dataset: { bits: 16 },
    options: { rounding: "nearest", flushEvery: 1 },
  },
  "lpSvrg 8/8, hinge": { solver: "lpSvrg", loss: "hinge", rows: 150, cols: 12, options: { bits: 8 } },
  "lpSvrg 8/16, logistic, weights, option II": {
    solver: "lpSvrg",
    loss: "logistic",
    rows: 150,
    cols: 100,
    isWeighted: true,
    problem: { l2: 0.01 },
    options: { bits: 16, option: "II" },
  },
  "lpSvrg 16/16, softmax, nearest": {
    solver: "lpSvrg",
    loss: "softmax",
    rows: 130,
    cols: 17,
    dataset: { bits: 16 },
    options: { rounding: "nearest", range: 4 },
  },
  "lpSgd 8/8, squared, no intercept": {
    solver: "lpSgd",
    loss: "squared",
    rows: 150,
    cols: 40,
    problem: { fitIntercept: false },
    options: { bits: 8, range: 6 },
  },
  "lpSgd 8/16, softmax": { solver: "lpSgd", loss: "softmax", rows: 150, cols: 10, options: { bits: 16 } },
  "lpSgd 16/16, logistic, l2, weights": {
    solver: "lpSgd",
    loss: "logistic",
    rows: 150,
    cols: 40,
    isWeighted: true,
    dataset: { bits: 16 },
    problem: { l2: 0.05 },
  },
  "svrg, softmax, weights": {
    solver: "svrg",
    loss: "softmax",
    rows: 150,
    cols: 50,
    isWeighted: true,
    problem: { l2: 0.01 },
  },
  "svrg on int8 codes, huber, no centring": {
    solver: "svrg",
    loss: "huber",
    rows: 150,
    cols: 29,
    dataset: { center: false },
    options: { data: "codes" },
  },
  "svrg on int16 codes, squared, option II": {
    solver: "svrg",
    loss: "squared",
    rows: 150,
    cols: 29,
    dataset: { bits: 16 },
    options: { data: "codes", option: "II" },
  },
  "sgd, hinge": { solver: "sgd", loss: "hinge", rows: 150, cols: 33, problem: { l2: 0.01 } },
  "sgd on int8 codes, squaredHinge, weights": {
    solver: "sgd",
    loss: "squaredHinge",
    rows: 150,
    cols: 70,
    isWeighted: true,
    options: { data: "codes" },
  },
  "auto, squared, float64": { solver: "auto", loss: "squared", rows: 150, cols: 70, problem: { l2: 0.01 } },
  "saga 8/16, softmax, weights": {
    solver: "saga",
    loss: "softmax",
    rows: 150,
    cols: 40,
    isWeighted: true,
    problem: { l2: 0.01 },
  },
  "saga 16/16, logistic, nearest": {
    solver: "saga",
    loss: "logistic",
    rows: 120,
    cols: 9,
    dataset: { bits: 16 },
    options: { rounding: "nearest" },
  },
  "auto, logistic, bytes, no intercept": {
    solver: "auto",
    loss: "logistic",
    rows: 300,
    cols: 48,
    isByte: true,
    problem: { l2: 1e-5, fitIntercept: false },
  },
  "auto, softmax, bytes, weights": {
    solver: "auto",
    loss: "softmax",
    rows: 260,
    cols: 21,
    isByte: true,
    isWeighted: true,
    problem: { l2: 1e-5 },
  },
  "auto, squaredHinge, rounded16": {
    solver: "auto",
    loss: "squaredHinge",
    rows: 220,
    cols: 17,
    dataset: { exact: "rounded16" },
    problem: { l2: 0.01 },
  },
  "auto, huber, sample of the rows, weights": {
    solver: "auto",
    loss: "huber",
    rows: 5100,
    cols: 6,
    isWeighted: true,
    problem: { l2: 0.001, epsilon: 0.5 },
  },
  "auto, softmax, bytes, sample of the rows": {
    solver: "auto",
    loss: "softmax",
    rows: 5200,
    cols: 10,
    isByte: true,
    problem: { l2: 1e-5 },
  },
  "halp 8/16, logistic, weights, in blocks": {
    solver: "halp",
    loss: "logistic",
    rows: 1300,
    cols: 40,
    isWeighted: true,
    problem: { l2: 0.01 },
    options: { bits: 16, sampling: "blocks" },
  },
  "halp 8/8 published, softmax, rounded16, in blocks": {
    solver: "halp",
    loss: "softmax",
    rows: 210,
    cols: 20,
    dataset: { exact: "rounded16" },
    problem: { l2: 0.01 },
    options: { bits: 8, flushEvery: 1, sampling: "blocks" },
  },
  "saga 16/16, squared, in blocks": {
    solver: "saga",
    loss: "squared",
    rows: 190,
    cols: 9,
    dataset: { bits: 16 },
    options: { sampling: "blocks" },
  },
  "lpSvrg 8/8, hinge, in blocks": {
    solver: "lpSvrg",
    loss: "hinge",
    rows: 150,
    cols: 12,
    options: { bits: 8, sampling: "blocks" },
  },
  "svrg, huber, weights, option II, in blocks": {
    solver: "svrg",
    loss: "huber",
    rows: 170,
    cols: 33,
    isWeighted: true,
    options: { sampling: "blocks", option: "II" },
  },
  "auto, hinge, float64, weights": {
    solver: "auto",
    loss: "hinge",
    rows: 240,
    cols: 19,
    isWeighted: true,
    problem: { l2: 0.001 },
  },
  "halp 4/8, squared, weights": {
    solver: "halp",
    loss: "squared",
    rows: 180,
    cols: 37,
    dataset: { bits: 4, levels: "uniform" },
    isWeighted: true,
    problem: { l2: 0.01 },
    options: { bits: 8 },
  },
  "halp 2/16, softmax, levels without 0, nearest": {
    solver: "halp",
    loss: "softmax",
    rows: 160,
    cols: 65,
    dataset: { bits: 2, levels: [-1.5, -0.4, 0.45, 1.4] },
    problem: { l2: 0.01 },
    options: { rounding: "nearest" },
  },
  "saga 4/16, huber, in blocks": {
    solver: "saga",
    loss: "huber",
    rows: 170,
    cols: 21,
    dataset: { bits: 4, levels: [-2.4, -1.5, -0.8, -0.2, 0.3, 0.9, 1.6, 2.5] },
    options: { sampling: "blocks" },
  },
  "lpSvrg 2/8, logistic": {
    solver: "lpSvrg",
    loss: "logistic",
    rows: 150,
    cols: 12,
    dataset: { bits: 2, levels: "uniform" },
    options: { bits: 8 },
  },
  "sgd, squaredHinge, codes of 4 bits": {
    solver: "sgd",
    loss: "squaredHinge",
    rows: 140,
    cols: 15,
    dataset: { bits: 4, levels: "uniform" },
    options: { data: "codes" },
  },
  "auto, logistic, 4 bits, no intercept": {
    solver: "auto",
    loss: "logistic",
    rows: 900,
    cols: 70,
    dataset: { bits: 4, levels: "uniform" },
    problem: { l2: 1e-3, fitIntercept: false },
  },
  "auto, softmax, bytes, 2 bits, sample of the rows": {
    solver: "auto",
    loss: "softmax",
    rows: 5200,
    cols: 10,
    isByte: true,
    dataset: { bits: 2, levels: "uniform" },
    problem: { l2: 1e-5 },
  },
  "auto, logistic, 4 bits, fitted levels": {
    solver: "auto",
    loss: "logistic",
    rows: 230,
    cols: 21,
    dataset: { bits: 4 },
    problem: { l2: 0.003 },
  },
  "halp 2/16, squaredHinge, fitted levels, weights": {
    solver: "halp",
    loss: "squaredHinge",
    rows: 190,
    cols: 40,
    dataset: { bits: 2 },
    isWeighted: true,
    problem: { l2: 0.02 },
  },
  "zipml, stored pairs, 4 bits, end to end, weights": {
    solver: "zipml",
    loss: "squared",
    rows: 180,
    cols: 27,
    isWeighted: true,
    problem: { l2: 0.01 },
    options: { bits: 4, modelBits: 8, gradientBits: 6, average: "tail", decay: "inverseSqrt" },
  },
  "zipml, fresh pairs on optimal levels": {
    solver: "zipml",
    loss: "huber",
    rows: 150,
    cols: 14,
    options: { bits: 3, samples: "fresh", levels: "optimal" },
  },
  "zipml, weaved, rows of bytes": {
    solver: "zipml",
    loss: "squaredHinge",
    rows: 170,
    cols: 35,
    isByte: true,
    problem: { l2: 0.01 },
    options: { samples: "weaved", bits: 3 },
  },
  "zipml, Chebyshev": {
    solver: "zipml",
    loss: "logistic",
    rows: 160,
    cols: 11,
    options: { bits: 5, polynomial: { degree: 5, radius: 4 } },
  },
  "zipml, hinge, midpoints, rows by their norm": {
    solver: "zipml",
    loss: "hinge",
    rows: 140,
    cols: 18,
    options: { bits: 6, scaling: "rowL2", refetch: "midpoint" },
  },
  "auto, sparse, squared, float64": {
    solver: "auto",
    loss: "squared",
    rows: 200,
    cols: 90,
    sparse: "float64",
    problem: { l2: 0.01 },
  },
  "auto, sparse, logistic, table of 16 bits, weights, sample of the rows": {
    solver: "auto",
    loss: "logistic",
    rows: 5300,
    cols: 20,
    sparse: "table16",
    isWeighted: true,
    problem: { l2: 1e-4 },
  },
  "auto, sparse, softmax, int8": {
    solver: "auto",
    loss: "softmax",
    rows: 260,
    cols: 45,
    sparse: "int8",
    problem: { l2: 1e-4 },
  },
  "auto, sparse, squaredHinge, table of 8 bits, no intercept": {
    solver: "auto",
    loss: "squaredHinge",
    rows: 230,
    cols: 60,
    sparse: "table8",
    problem: { l2: 0.01, fitIntercept: false },
  },
  "auto, sparse, huber, float32, weights": {
    solver: "auto",
    loss: "huber",
    rows: 210,
    cols: 33,
    sparse: "float32",
    isWeighted: true,
    problem: { l2: 0.01, epsilon: 0.5 },
  },
  "auto, sparse, hinge, uint8": {
    solver: "auto",
    loss: "hinge",
    rows: 220,
    cols: 27,
    sparse: "uint8",
    problem: { l2: 0.01 },
  },
  "auto, logistic, float64, l1, weights": {
    solver: "auto",
    loss: "logistic",
    rows: 240,
    cols: 19,
    isWeighted: true,
    problem: { l1: 0.01 },
  },
  "auto, softmax, bytes, elastic net, sample of the rows": {
    solver: "auto",
    loss: "softmax",
    rows: 5200,
    cols: 10,
    isByte: true,
    problem: { l1: 0.02, l2: 1e-4 },
  },
  "auto, squared, float64, l1, no intercept": {
    solver: "auto",
    loss: "squared",
    rows: 130,
    cols: 30,
    problem: { l1: 0.05, fitIntercept: false },
  },
};

/** What a value above 1 becomes, for each way of keeping it. */
const FORMS: Readonly<Record<NonNullable<Configuration["sparse"]>, (x: number) => number>> = {
  int8: (x) => Math.floor(10 * x),
  uint8: (x) => Math.min(255, 120 + Math.floor(20 * x)),
  table8: (x) => Math.floor(8 * x) / 7,
  table16: (x) => Math.floor(200 * x) / 7,
  float32: Math.fround,
  float64: (x) => x,
};

/** Rows, labels and weights from sums of uniform numbers. */
function inputs({ loss, rows, cols }: Configuration, seed: number) {
  const dice = new Dice(seed);
  /** Bell-shaped enough: four uniform numbers, variance 1/3. */
  const bell = (): number => dice.uniform() + dice.uniform() + dice.uniform() + dice.uniform() - 2;
  const stretch = Float64Array.from({ length: cols }, () => 0.25 + 4 * dice.uniform());
  const data = Float64Array.from({ length: rows * cols }, (_, i) => (stretch[i % cols] as number) * bell() + 0.5);
  const outputs = loss === "softmax" ? 4 : 1;
  const truth = Float64Array.from({ length: outputs * cols }, bell);
  const labels = Float64Array.from({ length: rows }, (_, i) => {
    const margins = Array.from({ length: outputs }, (_, c) => {
      let margin = bell();
      for (let j = 0; j < cols; j++)
        margin += ((truth[c * cols + j] as number) * (data[i * cols + j] as number)) / Math.sqrt(cols);
      return margin;
    });
    if (loss === "squared" || loss === "huber") return margins[0] as number;
    if (loss === "softmax") return i < outputs ? i : margins.indexOf(Math.max(...margins));
    return i < 2 ? i : (margins[0] as number) > 0 ? 1 : 0;
  });
  const weights = Float64Array.from({ length: rows }, () => 0.5 + dice.uniform());
  return { data, labels, weights };
}

/** FNV-1a, 64 bits. */
function fnv(bytes: Uint8Array): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  return hash.toString(16).padStart(16, "0");
}

function run(variant: Variant, configuration: Configuration, seed: number): StepReport[] {
  const engine = createEngine({ variant });
  const { solver, loss, rows, cols, isWeighted, isByte, sparse } = configuration;
  const { data, labels, weights } = inputs(configuration, seed);
  const form = sparse === undefined ? undefined : FORMS[sparse];
  const some = form === undefined ? data : data.map((x) => (x > 1 ? form(x) : 0));
  const rowsIn = isByte ? Uint8Array.from(data, (x) => Math.min(255, Math.max(0, Math.floor(20 * x + 128)))) : some;
  const dataset = engine.dataset({ data: rowsIn, rows, cols }, labels, {
    ...configuration.dataset,
    ...(isWeighted && { sampleWeight: weights }),
    ...(sparse && { storage: "sparse" }),
  });
  if (sparse !== undefined) expect(dataset.exact).toBe(sparse);
  const problem = engine.problem(dataset, { loss, ...configuration.problem });
  const reports = [
    ...(SOLVERS[solver] as (typeof SOLVERS)[string])(problem, { ...configuration.options, seed, outerSteps: 5 }),
  ];
  engine.dispose();
  return reports;
}

function hashOf({ coef, intercept, deltaScale, objective, gradientNorm }: StepReport): string {
  // auto has no grid
  const scale = deltaScale ?? 0;
  return fnv(new Uint8Array(Float64Array.of(...coef, ...intercept, scale, objective, gradientNorm).buffer));
}

const texts = new Map<Variant, string>();

describeVariants("the hashes of test/golden.json", (variant) => {
  const hashes: Record<string, string> = {};

  it.each(Object.entries(CONFIGURATIONS).map(([name, configuration], i) => ({ name, configuration, seed: 100 + i })))(
    "$name",
    ({ name, configuration, seed }) => {
      const reports = run(variant, configuration, seed);
      const last = reports.at(-1) as StepReport;
      // a hash says nothing about a run that did nothing
      if (configuration.solver === "auto")
        expect(last.outerStep).toBeGreaterThan(configuration.loss === "squared" ? 0 : 1);
      else expect(last.outerStep).toBe(5);
      expect(last.isDiverged ?? false).toBe(false);
      expect(last.coef.every((w) => Number.isFinite(w)) && last.coef.some((w) => w !== 0)).toBe(true);
      hashes[name] = hashOf(last);
      expect(hashOf(run(variant, configuration, seed).at(-1) as StepReport)).toBe(hashes[name]);
    },
  );

  it("agree", async () => {
    expect(Object.keys(hashes)).toEqual(Object.keys(CONFIGURATIONS));
    const text = `${JSON.stringify(hashes, null, 2)}\n`;
    texts.set(variant, text);
    await expect(text).toMatchFileSnapshot("./golden.json");
  });
});

describe("both modules", () => {
  afterAll(() => texts.clear());
  it.skipIf(VARIANTS.length < 2)("give the same hashes", () => {
    expect(texts.size).toBe(2);
    expect(texts.get("relaxed")).toBe(texts.get("baseline"));
  });
});

describe("FNV-1a", () => {
  it("is that of its authors", () => {
    const bytes = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    expect(fnv(bytes(""))).toBe("cbf29ce484222325");
    expect(fnv(bytes("a"))).toBe("af63dc4c8601ec8c");
    expect(fnv(bytes("foobar"))).toBe("85944171f73967e8");
  });
});
