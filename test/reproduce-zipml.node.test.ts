// ZipML's studies and their page, on small data: predictions hold, closed forms are right, what is missing is said.
import { afterAll, describe, expect, it } from "vitest";
import { createEngine } from "../bindings/index.js";
import { renderDigits } from "../reproduce/digits.js";
import {
  evenLevels,
  meanVariances,
  normalEquations,
  roundNearest,
  roundStochastic,
  roundToMiddles,
  solve,
  type UnitRows,
  withDiagonal,
} from "../reproduce/normal-equations.js";
import { Draws, exponential, logarithm } from "../reproduce/random.js";
import { handwritten, realRegressions } from "../reproduce/zipml-data.js";
import { renderZipml, verdicts, type ZipmlResults } from "../reproduce/zipml-report.js";
import {
  type BiasCell,
  type BiasStudy,
  biasStudy,
  endToEndStudy,
  exactStudy,
  fixedPoints,
  levelStudy,
  levelTrainingStudy,
  type MethodKey,
  polynomialStudy,
  publishedStudy,
  refetchRates,
  refetchStudy,
  type Settings,
  type StudySet,
  timedStudy,
} from "../reproduce/zipml-studies.js";

const ROWS = 600;

/** Uniform columns, a linear model, a little noise; classes are the signs of noisy targets. */
function small(cols: number, isClassified: boolean): StudySet & { truth: Float64Array } {
  const draws = new Draws(cols);
  const data = Float32Array.from({ length: ROWS * cols }, () => 2 * draws.uniform() - 1);
  // every column reaches ±1: unit values are then the data themselves
  for (let j = 0; j < cols; j++) data[j] = 1;
  const truth = Float64Array.from({ length: cols }, () => draws.normal());
  const labels = Float64Array.from({ length: ROWS }, (_, i) => {
    let target = 0.2 * draws.normal();
    for (let j = 0; j < cols; j++) target += (data[i * cols + j] as number) * (truth[j] as number);
    return isClassified ? (target > 0 ? 1 : -1) : target;
  });
  return { name: `Small & <${cols}>`, description: "Drawn", data, labels, rows: ROWS, cols, truth };
}

describe("drawn numbers", () => {
  it("logarithm and exponential are those of the host to a few last bits", () => {
    for (let k = -300; k <= 300; k++) {
      const x = 1.07 ** k;
      expect(Math.abs(logarithm(x) - Math.log(x))).toBeLessThanOrEqual(4e-16 * (1 + Math.abs(Math.log(x))));
      // Horner's last additions leave up to 11 units of 2⁻⁵³, each squaring doubles that and adds one: 2ᵏ ≤ 2|y|
      const y = k / 15;
      expect(Math.abs(exponential(y) / Math.exp(y) - 1)).toBeLessThanOrEqual(2 ** -53 * (24 * Math.abs(y) + 12));
    }
  });

  it("have the moments of their distributions, and repeat with the seed", () => {
    const count = 40_000;
    const draws = new Draws(5);
    const moments = (draw: () => number): [number, number] => {
      let [sum, squares] = [0, 0];
      for (let i = 0; i < count; i++) {
        const x = draw();
        sum += x / count;
        squares += (x * x) / count;
      }
      return [sum, squares];
    };
    const [normal, square] = moments(() => draws.normal());
    // five standard deviations: of a mean 1/√n, of the mean of squares √2/√n (normal) and √20/√n (Laplace)
    expect(Math.abs(normal)).toBeLessThan(5 / Math.sqrt(count));
    expect(Math.abs(square - 1)).toBeLessThan((5 * Math.SQRT2) / Math.sqrt(count));
    const [laplace, double] = moments(() => draws.laplace());
    expect(Math.abs(laplace)).toBeLessThan((5 * Math.SQRT2) / Math.sqrt(count));
    expect(Math.abs(double - 2)).toBeLessThan((5 * Math.sqrt(20)) / Math.sqrt(count));
    const [one, same, other] = [new Draws(9), new Draws(9), new Draws(10)];
    const first = one.t3();
    expect(same.t3()).toBe(first);
    expect(other.t3()).not.toBe(first);
  });
});

describe("closed forms", () => {
  const set = small(5, false);

  it("solve gives back the vector that made the right-hand side, and refuses indefinite matrices", () => {
    const { matrix } = normalEquations(set, set.data, set.data);
    const right = new Float64Array(5);
    for (let j = 0; j < 5; j++) {
      for (let k = 0; k < 5; k++) right[j] = (right[j] as number) + (matrix[5 * j + k] as number) * (k + 1);
    }
    // condition number below 10: a few dozen roundings
    solve({ matrix, right })?.forEach((w, j) => {
      expect(w).toBeCloseTo(j + 1, 12);
    });
    expect(solve(withDiagonal({ matrix, right }, new Float64Array(5).fill(-1)))).toBeNull();
  });

  it("rounding keeps to the levels around a value, and its mean", () => {
    const levels = evenLevels(2);
    const values = Float32Array.of(-1, -0.9, -1 / 3, 0, 0.5, 1);
    expect(Array.from(roundNearest(values, levels))).toEqual(
      Array.from(values, (x) => {
        // the upper one of two
        const best = [...levels].reduce((one, other) => (Math.abs(x - other) <= Math.abs(x - one) ? other : one));
        return Math.fround(best);
      }),
    );
    expect(Array.from(roundToMiddles(values, 2))).toEqual([-0.75, -0.75, -0.25, 0.25, 0.75, 0.75]);
    const draws = new Draws(1);
    const count = 20_000;
    const sums = new Float64Array(values.length);
    for (let i = 0; i < count; i++) {
      roundStochastic(values, levels, draws).forEach((q, k) => {
        expect(Math.abs(q - (values[k] as number))).toBeLessThan(2 / 3 + 1e-6);
        sums[k] = (sums[k] as number) + q / count;
      });
    }
    // five standard deviations of a mean: half a width at most each
    sums.forEach((mean, k) => {
      expect(Math.abs(mean - (values[k] as number))).toBeLessThan((5 * (1 / 3)) / Math.sqrt(count));
    });
  });

  it("naive equations are the mean of those of stochastic roundings used twice", () => {
    const levels = evenLevels(2);
    const expected = withDiagonal(normalEquations(set, set.data, set.data), meanVariances(set, levels)).matrix;
    const draws = new Draws(2);
    const turns = 400;
    const mean = new Float64Array(25);
    for (let t = 0; t < turns; t++) {
      const q = roundStochastic(set.data, levels, draws);
      normalEquations(set, q, q).matrix.forEach((value, k) => {
        mean[k] = (mean[k] as number) + value / turns;
      });
    }
    // an entry is a mean of products within ±1: five standard deviations of rows·turns of them
    const bound = 5 / Math.sqrt(ROWS * turns);
    mean.forEach((value, k) => {
      expect(Math.abs(value - (expected[k] as number))).toBeLessThan(bound);
    });
    // and the diagonal is far from that of the rows themselves
    expect((expected[0] as number) - (normalEquations(set, set.data, set.data).matrix[0] as number)).toBeGreaterThan(
      5 * bound,
    );
  });

  it("fixed points come nearer with every bit, those of unbiased samples are the optimum", () => {
    const all = [1, 2, 3, 4, 6, 8].map((bits) => fixedPoints(set, bits, 0));
    for (const method of ["naive", "nearest", "weaved"] as const) {
      const gaps = all.map((points) => points[method] as number);
      expect(
        [...gaps].sort((a, b) => b - a),
        method,
      ).toEqual(gaps);
      expect(gaps[0], method).toBeGreaterThan(0);
    }
    expect(all.map(({ fresh, exact }) => [fresh, exact])).toEqual(Array(6).fill([0, 0]));
  });

  it("says when stored pairs have no optimum", () => {
    const draws = new Draws(3);
    const few: UnitRows = {
      data: Float32Array.from({ length: 30 * 40 }, () => 2 * draws.uniform() - 1),
      labels: Float64Array.from({ length: 30 }, () => draws.normal()),
      rows: 30,
      cols: 40,
    };
    expect(fixedPoints({ ...few, name: "", description: "" }, 2, 0).stored).toBe("indefinite");
  });
});

describe("studies and their page", () => {
  const engine = createEngine();
  afterAll(() => engine.dispose());
  const fractions: number[] = [];
  const settings: Settings = { seed: 0, epochs: 12, progress: (fraction) => fractions.push(fraction) };
  const [regression, classes, wide] = [small(6, false), small(6, true), small(64, false)];
  const images = renderDigits(260, 3);
  const part = (first: number, last: number) => ({
    data: images.data.subarray(first * 784, last * 784),
    labels: images.labels.subarray(first, last),
    rows: last - first,
    cols: 784,
  });
  const absent = realRegressions("/nowhere", true);
  const noImages = handwritten("/nowhere");
  const draws = new Draws(4);
  const results: ZipmlResults = {
    generated: "2020-01-01T00:00:00.000Z",
    environment: { engine: "baseline", node: "v0", cpu: "a <cpu>", cores: 2 },
    seed: 0,
    isQuick: true,
    missing: [...absent.missing, ...("path" in noImages ? [noImages] : [])],
    bias: [biasStudy(engine, regression, settings)],
    endToEnd: endToEndStudy(engine, regression, settings),
    levels: levelStudy(
      [
        { name: "normal", values: Float64Array.from({ length: 2000 }, () => draws.normal()) },
        { name: "uniform", values: Float64Array.from({ length: 2000 }, () => draws.uniform()) },
      ],
      () => {},
    ),
    levelTraining: [levelTrainingStudy(engine, regression, settings)],
    polynomial: polynomialStudy(engine, classes, settings),
    refetch: refetchStudy(engine, classes, settings),
    published: publishedStudy(engine, { train: part(0, 200), test: part(200, 260) }, { ...settings, epochs: 10 }, 200),
    exact: exactStudy(engine, classes, settings),
    timed: timedStudy(engine, wide, { ...settings, epochs: 3 }),
  };
  const cell = (method: MethodKey, bits: number): BiasCell =>
    results.bias[0]?.methods.find(({ key }) => key === method)?.cells.find((one) => one.bits === bits) as BiasCell;

  it("naive rounding ends at its closed form, far above fresh double samples", () => {
    expect(cell("naive", 2).tail).toBeGreaterThan(10 * cell("fresh", 2).tail);
    expect(cell("naive", 2).tail).toBeGreaterThan(0.5 * (cell("naive", 2).fixedPoint as number));
    expect(cell("naive", 2).tail).toBeLessThan(2 * (cell("naive", 2).fixedPoint as number));
    expect(cell("naive", 8).tail).toBeLessThan(0.1 * cell("naive", 2).tail);
    for (const { cells } of results.bias[0]?.methods ?? []) {
      for (const { last, tail } of cells) expect(Number.isNaN(last + tail)).toBe(false);
    }
  });

  it("reads the bytes of its formats: 32 columns, a bit each per plane", () => {
    expect(cell("exact", 8).bytesPerRow).toBe(128);
    expect(cell("fresh", 4).bytesPerRow).toBe(128);
    expect(cell("nearest", 4).bytesPerRow).toBe(16);
    expect(cell("weaved", 3).bytesPerRow).toBe(12);
    expect(cell("stored", 4).bytesPerRow).toBe(24);
    const perValue = (wanted: string): number =>
      (results.timed.solvers.find(({ name }) => name === wanted)?.bytesPerEpoch as number) / (ROWS * 64);
    expect(perValue("sgd, float32")).toBe(4);
    expect(perValue("lpSgd, 4 bits")).toBe(0.5);
    expect(perValue("zipml, float32 rows")).toBeCloseTo(4, 12);
    expect(perValue("zipml, double, 4 bits")).toBeCloseTo(0.75, 12);
    expect(perValue("zipml, nearest, 2 bits")).toBeCloseTo(0.25, 12);
  });

  it("optimal levels are never worse, and for normal numbers better", () => {
    for (const { name, cells } of results.levels) {
      for (const { uniform, optimal } of cells) {
        expect(optimal, name).toBeLessThanOrEqual(uniform);
        if (name === "normal") expect(optimal).toBeLessThan(0.8 * uniform);
        else expect(optimal).toBeGreaterThan(0.8 * uniform);
      }
    }
  });

  it("bounds that are certain keep no row on the wrong side, and fetch fewer with more bits", () => {
    const cells = [2, 4, 6, 8].map((bits) => refetchRates(classes, classes.truth, bits, 0));
    for (const rule of ["l1", "midpoint"] as const) {
      expect(cells.map(({ rules }) => rules[rule].wrong)).toEqual([0, 0, 0, 0]);
      const fetched = cells.map(({ rules }) => rules[rule].fetched);
      expect([...fetched].sort((a, b) => b - a)).toEqual(fetched);
    }
    expect(cells.every(({ rules }) => rules.midpoint.fetched <= rules.l1.fetched)).toBe(true);
    // there are flips to be prevented
    expect(cells[0]?.flips).toBeGreaterThan(0);
    expect(cells[3]?.flips).toBeLessThan(cells[0]?.flips as number);
  });

  it("the published machines start at the loss of their weights, and read digits", () => {
    const zeros = Array.from(images.labels.subarray(0, 200)).filter((label) => label === 0).length;
    for (const { name, zeroStart, zeroEnd, correct } of results.published?.formats ?? []) {
      expect(zeroStart, name).toBeCloseTo(0.5 * zeros + 0.75 * (200 - zeros), 9);
      expect(zeroEnd, name).toBeLessThan(0.5 * zeroStart);
      // one in ten by chance
      expect(correct, name).toBeGreaterThan(24);
    }
  });

  it("few bits reach the same optimum through an exact outer loop", () => {
    for (const { name, kind, points } of results.exact.runs) {
      if (kind === "auto") expect(points.at(-1)?.y, name).toBeLessThan(1e-12);
      if (kind === "halp") expect(points.at(-1)?.y, name).toBeLessThan(1e-3);
    }
  });

  it("progress comes to its end", () => {
    expect(fractions.every((fraction) => fraction > 0 && fraction <= 1)).toBe(true);
    expect(fractions.filter((fraction) => fraction === 1)).toHaveLength(8);
  });

  it("data that are not there are named, on the page, too", () => {
    expect(absent.sets).toEqual([]);
    expect(results.missing.map(({ name }) => name)).toEqual(["cadata", "cpusmall", "MNIST"]);
    const html = renderZipml({ ...results, published: null });
    expect(html).toContain("/nowhere/libsvm/cadata.gz is not there");
    expect(html).toContain("Skipped: /nowhere/idx/mnist is not there");
    expect(renderZipml({ ...results, missing: [] })).not.toContain("Skipped");
  });

  it("is one page with its text escaped and nothing to fetch", () => {
    const html = renderZipml(results);
    expect(html).toContain("Small &amp; &lt;6&gt;");
    expect(html).not.toContain("<6>");
    expect(html).not.toMatch(/(?:src|href)="(?!data:|#)/);
    expect(html).not.toMatch(/https?:\/\/(?!www\.w3\.org)/);
    expect(html).not.toMatch(/NaN|undefined|Infinity/);
    for (const id of [...html.matchAll(/href="#([^"]+)"/g)]) expect(html).toContain(`id="${id[1]}"`);
  });

  it("verdicts follow the numbers", () => {
    const find = (from: ZipmlResults) => verdicts(from).find(({ predicted }) => predicted.startsWith("One stochastic"));
    expect(find(results)?.holds).toBe("agrees");
    const [study] = results.bias as [BiasStudy];
    const worse = study.methods.map((method) =>
      method.key === "naive"
        ? { ...method, cells: method.cells.map((one) => ({ ...one, tail: 5 * one.tail })) }
        : method,
    );
    expect(find({ ...results, bias: [{ ...study, methods: worse }] })?.holds).toBe("does not agree");
  });
});
