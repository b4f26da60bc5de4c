// Folds, scores on folds, and paths of strengths.
import { describe, expect, it } from "vitest";
import { finish } from "../bindings/engine/work.js";
import { splitRows } from "../bindings/estimators/folds.js";
import { path } from "../bindings/estimators/model-selection.js";
import { shuffle, stream } from "../bindings/estimators/random.js";
import { takeRows } from "../bindings/estimators/rows.js";
import {
  createEngine,
  crossValidate,
  KFold,
  LinearRegression,
  LinearSVC,
  LogisticRegression,
  l2Path,
  type RowsInput,
  type Split,
  StratifiedKFold,
} from "../bindings/index.js";
import { minimise } from "./oracle/objective.js";
import { dice, sampleFor } from "./support/data.js";
import { compress, errorOf, exactOf, listOf, relativeGap, unchanged } from "./support/estimating.js";

/** A value of the wrong type on purpose. */
const wrong = (value: unknown): never => value as never;

/** Every row is tested once; train is the rest; indices ascend. */
function checkSplits(splits: readonly Split[], rows: number): void {
  const seen = new Uint8Array(rows);
  for (const { train, test } of splits) {
    const all = new Uint8Array(rows);
    for (const row of test) {
      seen[row] = (seen[row] as number) + 1;
      all[row] = (all[row] as number) + 1;
    }
    for (const row of train) all[row] = (all[row] as number) + 1;
    expect(all.every((count) => count === 1)).toBe(true);
    for (const index of [train, test]) expect(index.slice().sort()).toEqual(index);
  }
  expect(seen.every((count) => count === 1)).toBe(true);
}

describe("KFold", () => {
  it.each([2, 3, 5, 7])("%i folds of neighbours, sizes that differ by one at most", (folds) => {
    for (const rows of [folds, folds + 1, 20, 61]) {
      const splits = [...new KFold({ folds }).split(rows)];
      checkSplits(splits, rows);
      const sizes = splits.map(({ test }) => test.length);
      // the larger ones first, as elsewhere
      expect(sizes).toEqual(
        Array.from({ length: folds }, (_, k) => Math.floor(rows / folds) + (k < rows % folds ? 1 : 0)),
      );
      for (const { test } of splits) expect((test.at(-1) as number) - (test[0] as number)).toBe(test.length - 1);
    }
  });

  it("shuffled: the same folds for the same seed, others for another, also when asked twice", () => {
    const text = (options: { seed?: number }) => {
      const folds = new KFold({ folds: 4, shuffle: true, ...options });
      const splits = [...folds.split(50)];
      checkSplits(splits, 50);
      expect([...folds.split(50)]).toEqual(splits);
      return JSON.stringify(splits.map(({ test }) => [...test]));
    };
    expect(text({})).toBe(text({ seed: 0 }));
    expect(text({ seed: 1 })).not.toBe(text({ seed: 0 }));
  });

  it("shuffles without bias: every row is equally often at every place", () => {
    // 24,000 shuffles of 4: each count is 6000 ± 67 (one standard deviation)
    const counts = new Float64Array(16);
    for (let seed = 0; seed < 24_000; seed++) {
      const order = Uint32Array.of(0, 1, 2, 3);
      finish(shuffle(order, stream(seed)));
      order.forEach((row, place) => {
        counts[4 * row + place] = (counts[4 * row + place] as number) + 1;
      });
    }
    for (const count of counts) expect(Math.abs(count - 6000)).toBeLessThan(5 * 67);
  });
});

describe("StratifiedKFold", () => {
  it.each([false, true])("every fold holds every class in its share, shuffle %s", (isShuffled) => {
    const { below } = dice(3);
    const y = Array.from({ length: 203 }, () => ["a", "b", "c", "d"][Math.min(below(6), 3)] as string);
    for (const folds of [2, 3, 7]) {
      const splits = [...new StratifiedKFold({ folds, shuffle: isShuffled }).split(203, y)];
      checkSplits(splits, 203);
      for (const label of "abcd") {
        const all = y.filter((own) => own === label).length;
        for (const { test } of splits) {
          const count = Array.from(test).filter((row) => y[row] === label).length;
          expect([Math.floor(all / folds), Math.ceil(all / folds)]).toContain(count);
        }
      }
      const sizes = splits.map(({ test }) => test.length);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }
  });

  it("rows of a class go to the folds in order when not shuffled", () => {
    const y = [0, 0, 0, 0, 1, 1, 1, 1];
    expect([...new StratifiedKFold({ folds: 2 }).split(8, y)].map(({ test }) => [...test])).toEqual([
      [0, 1, 4, 5],
      [2, 3, 6, 7],
    ]);
  });

  it("a class with fewer rows than folds is in some of them, as long as one class has enough", async () => {
    const y = ["a", "a", "a", "a", "b"];
    const splits = [...new StratifiedKFold({ folds: 4 }).split(5, y)];
    checkSplits(splits, 5);
    expect(splits.filter(({ test }) => Array.from(test).includes(4)).length).toBe(1);
    const error = await errorOf(() => [...new StratifiedKFold({ folds: 3 }).split(4, ["a", "a", "b", "b"])]);
    expect(error.message).toContain("no class has as many rows as folds (3)");
  });
});

describe("a part of the rows", () => {
  it("holds out the same part of every class, and leaves two rows of it apart", () => {
    const index = Float64Array.from({ length: 100 }, (_, i) => (i < 2 ? 0 : i < 12 ? 1 : 2));
    const { train, test } = finish(splitRows("fit", 100, 0.25, 7, index, 3));
    const count = (rows: Uint32Array): number[] =>
      [0, 1, 2].map((k) => Array.from(rows).filter((row) => index[row] === k).length);
    expect(count(test)).toEqual([1, 3, 22]);
    expect(count(train)).toEqual([1, 7, 66]);
    expect(finish(splitRows("fit", 10, 0.3, 1, null, 1)).test.length).toBe(3);
  });
});

describe("rows by index", () => {
  const values = Int8Array.from({ length: 40 }, (_, i) => (i % 3 === 0 ? 0 : (i * 37) % 120));
  const index = Uint32Array.of(7, 0, 3, 3, 1);
  const expected = [7, 0, 3, 3, 1].map((row) => Array.from(values.subarray(row * 5, row * 5 + 5)));

  it("dense rows keep their storage", () => {
    for (const Type of [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Float32Array, Float64Array]) {
      const data = Type.from(values);
      const taken = finish(takeRows("test", { data, rows: 8, cols: 5 }, index)) as { data: Int8Array; rows: number };
      expect(taken.data.constructor).toBe(Type);
      expect(taken.rows).toBe(5);
      expect(listOf(taken.data, 5)).toEqual(expected);
    }
    const list = listOf(values, 8);
    expect(finish(takeRows("test", list, index))).toEqual(expected);
    expect(finish(takeRows("test", { data: list, rows: 8, cols: 5 }, index))).toEqual(expected);
  });

  it("sparse rows stay sparse, and of their type", () => {
    for (const Type of [Int8Array, Float32Array, Float64Array]) {
      const all = compress(values, 8, Type as never);
      const taken = finish(takeRows("test", all, index)) as typeof all;
      expect(taken).toEqual(compress(expected.flat(), 5, Type as never));
      expect(taken.data.constructor).toBe(Type);
    }
  });
});

describe("crossValidate", () => {
  const sample = sampleFor("softmax", 90, 6, 4, 3);
  const whole = Int8Array.from(sample.data, (x) => Math.round(20 * x));
  const X = { data: whole, rows: 90, cols: 6 };
  const y = Array.from(sample.labels, (k) => ["a", "b", "c"][k] as string);
  const rows = listOf(whole, 90);
  const pick = <T>(values: ArrayLike<T>, index: ArrayLike<number>): T[] => Array.from(index, (i) => values[i] as T);

  it.each([
    ["LogisticRegression", () => new LogisticRegression({ l2: 1e-2 })],
    ["LinearSVC", () => new LinearSVC({ l2: 1e-2, classWeight: "balanced" })],
  ] as const)("%s: each fold is a fit on the other rows, stratified", async (_name, make) => {
    const template = make();
    const heard: number[] = [];
    const found = await crossValidate(template, X, y, {
      onFold: ({ fold, score }) => {
        heard[fold] = score;
      },
    });
    expect(template.isFitted).toBe(false);
    [...new StratifiedKFold().split(90, y)].forEach(({ train, test }, k) => {
      const own = make().fitSync(pick(rows, train), pick(y, train));
      expect(found.scores[k]).toBe(own.score(pick(rows, test), pick(y, test)));
      expect(found.estimators[k]?.coef).toEqual(own.coef);
      expect(found.reports[k]).toMatchObject({ rows: 72, isConverged: true, objective: own.report?.objective });
    });
    expect(heard).toEqual([...found.scores]);
    const mean = found.scores.reduce((sum, score) => sum + score, 0) / 5;
    expect(found.mean).toBeCloseTo(mean, 14);
    expect(found.deviation).toBeCloseTo(Math.sqrt(found.scores.reduce((sum, s) => sum + (s - mean) ** 2, 0) / 5), 14);
  });

  it("regression: R², folds of neighbours; weights go with their rows", async () => {
    const own = sampleFor("squared", 50, 4, 8);
    const Z = { data: own.data, rows: 50, cols: 4 };
    const found = await unchanged([Z, own.labels, own.weights], () =>
      crossValidate(new LinearRegression(), Z, own.labels, {
        folds: 4,
        sampleWeight: own.weights,
      }),
    );
    const list = listOf(own.data, 50);
    [...new KFold({ folds: 4 }).split(50)].forEach(({ train, test }, k) => {
      const model = new LinearRegression().fitSync(pick(list, train), pick(own.labels, train), {
        sampleWeight: pick(own.weights, train),
      });
      const weights = { sampleWeight: pick(own.weights, test) };
      expect(found.scores[k]).toBe(model.score(pick(list, test), pick(own.labels, test), weights));
    });
  });

  it("takes splitters, its own and others", async () => {
    const shuffled = new KFold({ folds: 3, shuffle: true, seed: 5 });
    const a = await crossValidate(new LinearSVC(), X, y, { folds: shuffled });
    const b = await crossValidate(new LinearSVC(), X, y, {
      folds: { split: () => shuffled.split(90) },
    });
    expect(a.scores).toEqual(b.scores);
    expect(a.scores.length).toBe(3);
    const one = { split: () => [{ train: Uint32Array.of(0, 1, 2, 3, 4, 5), test: Uint32Array.of(6) }] };
    expect((await crossValidate(new LinearSVC(), X, y, { folds: one })).scores.length).toBe(1);
  });

  it("takes estimators of others", async () => {
    const seen: unknown[] = [];
    class Constant {
      label = "";
      clone(): Constant {
        return new Constant();
      }
      async fit(rowsIn: RowsInput, labels: ArrayLike<string>): Promise<void> {
        seen.push((rowsIn as { data: unknown }).data?.constructor);
        this.label = labels[0] as string;
      }
      score(_rows: RowsInput, labels: ArrayLike<string>): number {
        return Array.from(labels).filter((label) => label === this.label).length / labels.length;
      }
    }
    const found = await crossValidate(new Constant(), X, y, { folds: 3 });
    expect(seen).toEqual([Int8Array, Int8Array, Int8Array]);
    expect(found.reports).toEqual([null, null, null]);
    expect(found.estimators[0]).toBeInstanceOf(Constant);
  });

  it("a signal ends it, between folds and inside one", async () => {
    const controller = new AbortController();
    const done: number[] = [];
    const run = crossValidate(new LinearSVC(), X, y, {
      signal: controller.signal,
      onFold: ({ fold }) => {
        done.push(fold);
        if (fold === 1) controller.abort(new Error("enough"));
      },
    });
    const error = await errorOf(() => run);
    expect(error.code).toBe("ABORTED");
    expect(error.message).toContain("crossValidate: aborted before fold 3");
    expect((error.cause as Error).message).toBe("enough");
    expect(done).toEqual([0, 1]);
  });

  it("an engine of the caller is left empty", async () => {
    const engine = createEngine();
    await crossValidate(new LinearSVC({ engine }), X, y, { folds: 3 });
    expect(engine.bytes).toBe(0);
    await crossValidate(new LinearSVC({ engine }), X, y, {
      folds: 3,
      signal: AbortSignal.abort(),
    }).catch(() => {});
    expect(engine.bytes).toBe(0);
    engine.dispose();
  });

  it.each([
    ["no estimator", () => crossValidate(wrong(3), X, wrong(y)), "BAD_OPTION", "expected an estimator, given 3"],
    ["labels", () => crossValidate(new LinearSVC(), X, ["a"]), "BAD_SHAPE", "crossValidate: 1 labels for 90 rows"],
    [
      "folds",
      () => crossValidate(new LinearSVC(), X, y, { folds: 1 }),
      "BAD_OPTION",
      "folds must be a whole number >= 2, given 1",
    ],
    [
      "folds of no kind",
      () => crossValidate(new LinearSVC(), X, y, { folds: wrong("3") }),
      "BAD_OPTION",
      "folds must be a number or an object with split",
    ],
    [
      "too many folds",
      () => crossValidate(new LinearRegression(), [[1], [2]], [1, 2], { folds: 3 }),
      "BAD_OPTION",
      "3 folds need as many rows, given 2",
    ],
    [
      "rows of a splitter",
      () =>
        crossValidate(new LinearSVC(), X, y, {
          folds: { split: () => [{ train: [0, 90], test: [1] }] as never },
        }),
      "BAD_OPTION",
      "fold 1: train must be rows from 0 to 89, given 90",
    ],
    [
      "an empty fold",
      () =>
        crossValidate(new LinearSVC(), X, y, {
          folds: { split: () => [{ train: [0], test: [] }] as never },
        }),
      "BAD_OPTION",
      "fold 1: test must be indices of rows",
    ],
    [
      "option",
      () => crossValidate(new LinearSVC(), X, y, wrong({ cv: 5 })),
      "BAD_OPTION",
      'unknown option "cv"; known: folds',
    ],
    ["seed without shuffle", () => new KFold({ seed: 3 }), "BAD_OPTION", "seed belongs to shuffle: true"],
    ["labels of StratifiedKFold", () => [...new StratifiedKFold().split(5)], "BAD_SHAPE", "labels must be an array"],
  ] as const)("misuse: %s", async (_name, act, code, sentence) => {
    const error = await errorOf(act);
    expect(error.code).toBe(code);
    expect(error.message).toContain(sentence);
  });
});

describe("l2Path", () => {
  const strengths = [1e-3, 10, 0, 0.1];

  it.each(["logistic", "softmax", "squaredHinge", "squared", "huber"] as const)(
    "%s: the optimum at every strength",
    async (loss) => {
      const sample = sampleFor(loss, 150, 6, 3, 3);
      const X = { data: sample.data, rows: 150, cols: 6 };
      const made = {
        logistic: LogisticRegression,
        softmax: LogisticRegression,
        squaredHinge: LinearSVC,
        squared: LinearRegression,
        huber: LinearRegression,
      };
      const options = loss === "huber" ? { loss, epsilon: 0.7 } : {};
      const template = new made[loss](options as never) as LogisticRegression;
      const points = await l2Path(template, X, sample.labels, { strengths, sampleWeight: sample.weights });
      expect(points.map(({ strength }) => strength)).toEqual(strengths);
      expect(template.isFitted).toBe(false);
      const isBinary = loss === "logistic" || loss === "squaredHinge";
      for (const point of points) {
        const y = isBinary ? sample.labels.map((label) => 2 * label - 1) : sample.labels;
        const exact = exactOf(sample.data, 150, loss, y, { l2: point.strength, weights: sample.weights, tau: 0.7 });
        expect(point.isConverged).toBe(true);
        expect(relativeGap(exact, point)).toBeLessThan(1e-9);
        expect(point.objective).toBeCloseTo(minimise(exact).objective, 9);
        expect(point.model.coef).toBe(point.coef);
        expect(point.model.options.alpha).toBe(point.strength);
        expect(point.model.report).toMatchObject({ objective: point.objective, isConverged: true, rows: 150 });
        expect(point.model.predict(X).length).toBe(150);
        expect(point.model.toJSON()).toBeTruthy();
      }
    },
  );

  it("classes against the rest, and warm starts that save passes", async () => {
    const sample = sampleFor("softmax", 800, 12, 5, 3);
    const X = { data: sample.data, rows: 800, cols: 12 };
    const grid = { min: 1e-4, max: 1e-1, count: 12 };
    const points = await l2Path(new LinearSVC(), X, sample.labels, { strengths: grid });
    const warm = points.reduce((sum, { passes, exactPasses }) => sum + passes + exactPasses, 0);
    let cold = 0;
    for (const { strength: l2, objective } of points) {
      const { report } = new LinearSVC({ l2 }).fitSync(X, sample.labels);
      cold += (report?.passes ?? 0) + (report?.exactPasses ?? 0);
      expect(Math.abs(objective - (report?.objective ?? 0))).toBeLessThan(1e-9);
    }
    expect(warm).toBeLessThan(cold);
  });

  it("l1: the sparse optimum at every strength", async () => {
    const sample = sampleFor("squared", 120, 10, 4);
    const X = { data: sample.data, rows: 120, cols: 10 };
    const zeros: number[] = [];
    const points = await l2Path(new LinearRegression({ penalty: "l1" }), X, sample.labels, {
      strengths: [1, 0.3, 0.01],
    });
    for (const point of points) {
      const alone = new LinearRegression({ penalty: "l1", alpha: point.strength }).fitSync(X, sample.labels);
      expect(point.isConverged).toBe(true);
      expect(Math.abs(point.objective - (alone.report?.objective ?? 0))).toBeLessThan(1e-10 * point.objective);
      zeros.push(point.coef.filter((w) => w === 0).length);
    }
    expect(zeros).toEqual(zeros.slice().sort((a, b) => b - a));
    expect(zeros[0]).toBeGreaterThan(zeros[2] as number);
  });

  it("grids: the ends as given, and one ratio between neighbours", async () => {
    const X = [[0], [1], [2], [3]];
    const points = await l2Path(new LinearRegression(), X, [0, 1, 2, 4], {
      strengths: { min: 1e-4, max: 10, count: 6 },
    });
    const l2 = points.map((point) => point.strength);
    expect([l2[0], l2[5]]).toEqual([1e-4, 10]);
    for (let i = 1; i < 6; i++) expect((l2[i] as number) / (l2[i - 1] as number)).toBeCloseTo(10, 12);
  });

  it("loads one dataset once, from the strongest to the weakest", async () => {
    const engine = createEngine();
    let loads = 0;
    const inner = engine.datasetWork.bind(engine);
    engine.datasetWork = (...args) => {
      loads++;
      return inner(...args);
    };
    const order: number[] = [];
    const sample = sampleFor("logistic", 60, 3, 3);
    await l2Path(new LogisticRegression({ engine }), { data: sample.data, rows: 60, cols: 3 }, sample.labels, {
      strengths,
      onPoint: ({ strength }) => order.push(strength),
    });
    expect(loads).toBe(1);
    expect(order).toEqual([10, 0.1, 1e-3, 0]);
    expect(engine.bytes).toBe(0);
    engine.dispose();
  });

  it("ends at a signal in any piece, without a trace in the engine", async () => {
    const sample = sampleFor("logistic", 60, 3, 3);
    const engine = createEngine();
    const X = { data: sample.data, rows: 60, cols: 3 };
    let pieces = 0;
    const count = path(new LogisticRegression({ engine }) as never, X, sample.labels, { strengths });
    while (!count.next().done) pieces++;
    for (let at = 0; at < pieces; at++) {
      const controller = new AbortController();
      const work = path(new LogisticRegression({ engine }) as never, X, sample.labels, {
        strengths,
        signal: controller.signal,
      });
      let error: unknown;
      try {
        for (let i = 0; !work.next().done; i++) if (i === at) controller.abort();
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toMatchObject({ code: "ABORTED" });
      expect(engine.bytes).toBe(0);
    }
    engine.dispose();
  });

  const X = [[1], [2], [3]];
  it.each([
    [
      "no estimator",
      () => l2Path(wrong({}), X, [1, 2, 3] as never, { strengths }),
      "BAD_OPTION",
      "expected an estimator of this package",
    ],
    [
      "no strengths",
      () => l2Path(new LinearRegression(), X, [1, 2, 3], wrong({})),
      "BAD_OPTION",
      "strengths must be an array of numbers or { min, max, count }",
    ],
    [
      "no options",
      () => l2Path(new LinearRegression(), X, [1, 2, 3], wrong(undefined)),
      "BAD_OPTION",
      "strengths must be",
    ],
    ["empty", () => l2Path(new LinearRegression(), X, [1, 2, 3], { strengths: [] }), "EMPTY", "strengths is empty"],
    [
      "negative",
      () => l2Path(new LinearRegression(), X, [1, 2, 3], { strengths: [1, -1] }),
      "BAD_OPTION",
      "strengths[1] must be a finite number >= 0, given -1",
    ],
    [
      "grid from 0",
      () => l2Path(new LinearRegression(), X, [1, 2, 3], { strengths: { min: 0, max: 1, count: 3 } }),
      "BAD_OPTION",
      "min must be a finite number > 0, given 0",
    ],
    [
      "grid of 1",
      () => l2Path(new LinearRegression(), X, [1, 2, 3], { strengths: { min: 1, max: 2, count: 1 } }),
      "BAD_OPTION",
      "count must be a whole number >= 2",
    ],
    [
      "grid without an end",
      () => l2Path(new LinearRegression(), X, [1, 2, 3], { strengths: wrong({ min: 1, count: 3 }) }),
      "BAD_OPTION",
      "max must be a finite number > 1",
    ],
    [
      "one class",
      () => l2Path(new LogisticRegression(), X, [1, 1, 1], { strengths }),
      "ONE_CLASS",
      "l2Path: expected labels of two classes",
    ],
  ] as const)("misuse: %s", async (_name, act, code, sentence) => {
    const error = await errorOf(act);
    expect(error.code).toBe(code);
    expect(error.message).toContain(sentence);
  });
});
