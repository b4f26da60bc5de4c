// Work that can be paused: no piece of it is longer than the bound, whatever the solver; pauses change no bit, hold no memory and take no time.
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Dataset } from "../bindings/data/dataset.js";
import { createEngine, type Engine } from "../bindings/data/engine.js";
import type { Problem } from "../bindings/data/problem.js";
import { Core } from "../bindings/engine/core.js";
import { eachPart, finish, PIECE, partOf, piece, reportsOf, type Work } from "../bindings/engine/work.js";
import { auto, BitcenterError, halp, zipml } from "../bindings/index.js";
import { STEPS } from "../bindings/solvers/steps.js";
import { Stopwatch } from "../bindings/solvers/stopwatch.js";
import { type AnySteps, datasetOf, LONG_CASES, type LongCase, problemOf } from "./support/long-problems.js";
import { BOUND, Meter, measured } from "./support/pieces.js";

/** A report without its clock. */
function bitsOf(report: object): string {
  const {
    seconds: _clock,
    coef,
    intercept,
    ...rest
  } = report as {
    seconds: object;
    coef: Float64Array;
    intercept: Float64Array;
  };
  const words = (values: Float64Array): string => Array.from(new BigUint64Array(values.buffer)).join(" ");
  return JSON.stringify([rest, words(coef), words(intercept)]);
}

const stepsOf = ({ solver, options }: LongCase, problem: Problem): ReturnType<AnySteps> =>
  (STEPS[solver] as AnySteps)(problem, options);

describe("no piece is longer than the bound", () => {
  let meter: Meter;
  beforeAll(() => {
    meter = new Meter(Core);
  });
  afterAll(() => meter.stop());

  it.each(Object.entries(LONG_CASES))("%s", (_name, test) => {
    const engine = createEngine();
    const loaded = measured(meter, datasetOf(engine, test));
    const bound = measured(meter, problemOf(engine, loaded.result, test));
    const { costs, reports } = measured(meter, stepsOf(test, bound.result));
    const all = [...loaded.costs, ...bound.costs, ...costs];
    const total = all.reduce((sum, cost) => sum + cost, 0);
    expect(Math.max(...all)).toBeLessThanOrEqual(BOUND);
    // so there are pauses enough, and not many more than that: a piece is not a crumb
    expect(all.length * BOUND).toBeGreaterThanOrEqual(total);
    expect(total).toBeGreaterThan(4 * BOUND);
    expect(reports.length).toBeGreaterThan(1);
    engine.dispose();
  });

  it("and without pauses it is", () => {
    const isDue = vi.spyOn(Core.prototype, "isDue").mockReturnValue(false);
    try {
      const engine = createEngine();
      const { costs } = measured(meter, datasetOf(engine, LONG_CASES["auto, logistic"] as LongCase));
      expect(costs.length).toBe(1);
      expect(costs[0]).toBeGreaterThan(BOUND);
      engine.dispose();
    } finally {
      isDue.mockRestore();
    }
  });

  it("evaluating and predicting", () => {
    const engine = createEngine();
    const test = LONG_CASES["auto, logistic"] as LongCase;
    const problem = finish(problemOf(engine, finish(datasetOf(engine, test)), test));
    const weights = { coef: new Float64Array(700).fill(0.01), intercept: [0.5] };
    for (const work of [problem.evaluateWork(weights), problem.marginsWork(weights)]) {
      const { costs } = measured<object>(meter, work as Work<object>);
      expect(Math.max(...costs)).toBeLessThanOrEqual(BOUND);
      expect(costs.length).toBeGreaterThan(1);
    }
    engine.dispose();
  });
});

// Some of them, where work is done several times over.
const softmax = LONG_CASES["auto, softmax on bytes"] as LongCase;
const hinge = LONG_CASES["auto, hinge on many rows"] as LongCase;
const batches = LONG_CASES["halp in batches"] as LongCase;
const sketches = LONG_CASES["zipml, sketches"] as LongCase;
const make = (test: LongCase): { engine: Engine; dataset: Dataset; problem: Problem } => {
  const engine = createEngine();
  const dataset = finish(datasetOf(engine, test));
  return { engine, dataset, problem: finish(problemOf(engine, dataset, test)) };
};

describe("pauses", () => {
  it.each([
    ["auto", softmax],
    ["hinge", hinge],
    ["halp", batches],
    ["zipml", sketches],
  ] as const)("%s: two runs that take turns, with questions in between, find what each finds alone", (_name, test) => {
    const { engine, dataset, problem } = make(test);
    const other = finish(problemOf(engine, dataset, test));
    const solver = { auto, halp, zipml }[test.solver as "auto"] as (p: Problem, o?: object) => Iterable<object>;
    const alone = Array.from(solver(other, test.options), bitsOf);
    const weights = {
      coef: new Float64Array(problem.outputs * dataset.cols).fill(1e-3),
      intercept: new Float64Array(problem.outputs),
    };
    const { objective } = problem.evaluate(weights);
    const runs = [stepsOf(test, problem), stepsOf(test, problem)];
    const found: string[][] = [[], []];
    for (let turn = 0, left = 2; left > 0; turn++) {
      left = 0;
      runs.forEach((run, i) => {
        const { done, value } = run.next();
        if (!done) left++;
        if (value !== undefined) (found[i] as string[]).push(bitsOf(value as object));
      });
      if (turn % 40 === 0) expect(problem.evaluate(weights).objective).toBe(objective);
    }
    // what a dataset holds grows with the first run, and is no property of a run
    const plain = (reports: string[]): string[] => reports.map((report) => report.replace(/"bytes":\d+,?/, ""));
    expect(plain(found[0] as string[])).toEqual(plain(alone));
    expect(plain(found[1] as string[])).toEqual(plain(alone));
    engine.dispose();
  });

  it.each([
    ["auto", softmax],
    ["hinge", hinge],
    ["halp", batches],
    ["zipml", sketches],
  ] as const)("%s: ended in a pause, a run holds nothing", (_name, test) => {
    const { engine, dataset, problem } = make(test);
    const count = [...stepsOf(test, problem)].length;
    const before = engine.bytes;
    expect(count).toBeGreaterThan(20);
    for (let stop = 1; stop < count; stop += Math.ceil(count / 12)) {
      const run = stepsOf(test, problem);
      for (let i = 0; i < stop; i++) run.next();
      run.return();
      expect(engine.bytes, `after ${stop} of ${count} pieces`).toBe(before);
    }
    problem.dispose();
    dataset.dispose();
    expect(engine.bytes).toBe(0);
  });

  it("ended in a pause, a dataset, a problem and a plane hold nothing", () => {
    const test = LONG_CASES["auto on packed codes"] as LongCase;
    const { engine, dataset, problem } = make(test);
    // what a work makes on its way, for others too, stays: the order of the rows, a frame
    finish(dataset.shuffled());
    finish(dataset.unitFrame(true));
    const before = engine.bytes;
    const weights = { coef: new Float64Array(700), intercept: [0] };
    const works: readonly (() => Generator<undefined, unknown, undefined>)[] = [
      () => datasetOf(engine, test),
      () => datasetOf(engine, { ...test, dataset: { exact: "rounded16" } }),
      () => dataset.plane("codes", true),
      () => dataset.plane("float32", true, true),
      () => dataset.weaved(true),
      () => problem.evaluateWork(weights),
      () => problem.marginsWork(weights),
    ];
    for (const [i, work] of works.entries()) {
      for (const stop of [1, 2, 3]) {
        const made = work();
        for (let k = 0; k < stop; k++) expect(made.next().done, `work ${i}`).toBe(false);
        made.return(undefined);
        expect(engine.bytes, `work ${i} after ${stop} pieces`).toBe(before);
      }
    }
    engine.dispose();
  });

  it("a plane that two ask for at once is made for both, and kept once", () => {
    const { engine, dataset } = make(batches);
    const alone = make(batches);
    finish(alone.dataset.plane("float32", true));
    const works = [dataset.plane("float32", true), dataset.plane("float32", true)];
    const planes: unknown[] = [];
    while (planes.length < 2) {
      for (const work of works) {
        const { done, value } = work.next();
        if (done && value !== undefined) planes.push(value);
      }
    }
    expect(planes[0]).toBe(planes[1]);
    expect(dataset.bytes).toBe(alone.dataset.bytes);
    expect(finish(dataset.plane("float32", true))).toBe(planes[0]);
    engine.dispose();
    alone.engine.dispose();
  });

  it.each(["problem", "dataset", "engine"] as const)(
    "a run whose %s is disposed in a pause ends, and holds nothing",
    (part) => {
      for (const test of [softmax, batches]) {
        for (const pause of [1, 2, 30]) {
          const own: Engine = createEngine();
          const dataset = finish(datasetOf(own, test));
          const problem = finish(problemOf(own, dataset, test));
          const run = stepsOf(test, problem);
          for (let i = 0; i < pause; i++) run.next();
          ({ problem, dataset, engine: own })[part].dispose();
          expect(() => run.next()).toThrow(BitcenterError);
          expect(run.next().done).toBe(true);
          if (part !== "engine") {
            problem.dispose();
            dataset.dispose();
            expect(own.bytes).toBe(0);
          }
          own.dispose();
        }
      }
    },
  );

  it("cost a run no time", () => {
    // a clock that stands still, but for pauses
    let clock = 0;
    const now = vi.spyOn(performance, "now").mockImplementation(() => clock);
    try {
      const { engine, problem } = make(softmax);
      let pauses = 0;
      for (const report of stepsOf(softmax, problem)) {
        clock += 1e6;
        if (report === undefined) pauses++;
        else expect((report as { seconds: object }).seconds).toEqual({ inner: 0, exact: 0 });
      }
      expect(pauses).toBeGreaterThan(20);
      engine.dispose();
    } finally {
      now.mockRestore();
    }
  });

  it("bad options are told at once, also where pauses are", () => {
    const { engine, problem } = make(softmax);
    for (const solver of Object.values(STEPS) as AnySteps[]) {
      expect(() => solver(problem, { nonsense: 1 })).toThrow(/unknown option "nonsense"/);
      expect(() => solver({} as Problem)).toThrow(/expected a problem of an engine/);
    }
    engine.dispose();
  });
});

describe("the stopwatch", () => {
  it("counts the work, failed work too, and no pauses", () => {
    let clock = 0;
    const now = vi.spyOn(performance, "now").mockImplementation(() => clock);
    try {
      const watch = new Stopwatch();
      const work = function* (isBad: boolean): Work<string> {
        clock += 2000;
        yield;
        clock += 3000;
        if (isBad) throw new Error("bad");
        return "done";
      };
      const exact = watch.timed("exact", work(false));
      exact.next();
      clock += 70_000;
      expect(exact.next()).toEqual({ done: true, value: "done" });
      const inner = watch.timed("inner", work(true));
      inner.next();
      expect(() => inner.next()).toThrow("bad");
      expect(watch.seconds).toEqual({ inner: 5, exact: 5 });
    } finally {
      now.mockRestore();
    }
  });

  it("ends the work it was given when it is ended itself", () => {
    let isEnded = false;
    const work = function* (): Work<void> {
      try {
        yield;
      } finally {
        isEnded = true;
      }
    };
    const timed = new Stopwatch().timed("inner", work());
    timed.next();
    timed.return();
    expect(isEnded).toBe(true);
  });
});

describe("parts", () => {
  const never = { isDue: () => false };
  const cut = (total: number, cost: number, grain: number, most?: number): [number, number][] => {
    const parts: [number, number][] = [];
    finish(eachPart(never, total, cost, grain, (first, count) => void parts.push([first, count]), most));
    return parts;
  };

  it("cover everything once, in order, in multiples of the grain", () => {
    for (const total of [0, 1, 5, 64, 65, 1000]) {
      for (const cost of [1e-3, 1, PIECE / 100, PIECE / 3, PIECE, 5 * PIECE]) {
        for (const grain of [1, 4, 64]) {
          const parts = cut(total, cost, grain);
          let next = 0;
          for (const [first, count] of parts) {
            expect(first).toBe(next);
            next += count;
            expect(count).toBeLessThanOrEqual(Math.max(grain, PIECE / cost));
            if (next < total) expect(count % grain).toBe(0);
          }
          expect(next).toBe(total);
          if (grain === 1 && total * cost <= PIECE) expect(parts.length).toBeLessThanOrEqual(1);
        }
      }
    }
    expect(cut(10, 1, 1, 4)).toEqual([
      [0, 4],
      [4, 4],
      [8, 2],
    ]);
    expect(partOf(PIECE / 8, 3)).toBe(6);
    expect(partOf(2 * PIECE, 3)).toBe(3);
  });

  it("pause before what no longer fits", () => {
    const core = new Core({});
    while (!core.isDue(PIECE));
    expect(core.isDue(0)).toBe(false);
    expect(core.isDue(1)).toBe(true);
    expect(core.isDue(PIECE - 1)).toBe(false);
    core.spend(1);
    expect(core.isDue(0)).toBe(true);
    const work = eachPart(core, 8, PIECE / 2, 1, () => {});
    // two things make a piece, and the first one needs no pause before it
    expect([...work].length).toBe(3);
    core.dispose();
  });

  it("finish, piece and reportsOf", () => {
    expect(finish(piece(() => 7))).toBe(7);
    const steps = function* (): Generator<string | undefined, void, undefined> {
      yield undefined;
      yield "a";
      yield undefined;
      yield "b";
    };
    expect([...reportsOf(steps())]).toEqual(["a", "b"]);
    let isEnded = false;
    const endless = function* (): Generator<number | undefined, void, undefined> {
      try {
        for (let i = 0; ; i++) yield i % 2 === 0 ? undefined : i;
      } finally {
        isEnded = true;
      }
    };
    for (const report of reportsOf(endless())) if (report > 4) break;
    expect(isEnded).toBe(true);
  });
});
