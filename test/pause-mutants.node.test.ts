// The test of the pauses is tested: passes that are not parted, one kernel at a time, must break the bound.
import { afterEach, expect, it, vi } from "vitest";
import type { Pace, Work } from "../bindings/engine/work.js";
import { type AnySteps, datasetOf, LONG_CASES, type LongCase, problemOf } from "./support/long-problems.js";
import { BOUND, Meter, measured } from "./support/pieces.js";

/** Kernels, and a case in which a whole pass with them is more than a piece. */
const UNPARTED: readonly (readonly [names: RegExp, test: keyof typeof LONG_CASES])[] = [
  [/^margins/, "auto, logistic"],
  [/^gradient/, "auto, logistic"],
  [/^lossPass$/, "auto, logistic on many rows"],
  [/^interiorProducts$/, "auto, hinge on many rows"],
  [/^interiorDerivatives$/, "auto, hinge on many rows"],
  [/^blockMargins/, "auto, softmax on bytes"],
  [/^follow/, "auto, softmax on bytes"],
  [/^hessian/, "newton with all rows, softmax on bytes"],
  [/^gram(I8|U8)$/, "newton with a Gram matrix"],
  [/^choleskyFactor$/, "newton with a Gram matrix"],
  [/^choleskyFactor$/, "newton with l1 and a Gram matrix"],
  [/^maxRowNorm/, "svrg"],
  [/^negativeSums/, "halp"],
  [/^fillBase/, "lp-svrg"],
  [/^packGroups$/, "halp in batches"],
  [/^permutation$/, "halp in blocks on many rows"],
  [/^advanceZipml$/, "zipml, fresh samples in large batches"],
];

const WORK = "../bindings/engine/work.js";
afterEach(() => {
  vi.doUnmock(WORK);
  vi.resetModules();
});

/** The longest piece of a case when `eachPart` of these kernels gives all but the first part at once. */
async function longest(names: RegExp | null, test: LongCase): Promise<number> {
  let meter: Meter | null = null;
  vi.resetModules();
  vi.doMock(WORK, async (original) => {
    const real = await original<typeof import("../bindings/engine/work.js")>();
    type EachPart = typeof real.eachPart;
    const eachPart = function* (...[pace, total, cost, grain, visit, most = total]: Parameters<EachPart>): Work<void> {
      const part = Math.min(most, real.partOf(cost, grain));
      for (let first = 0, isParted = true; first < total && isParted; first += part) {
        if ((pace as Pace).isDue(Math.min(part, total - first) * cost)) yield;
        visit(first, Math.min(part, total - first));
        isParted = names === null || !names.test((meter as Meter).last);
        if (!isParted && first + part < total) visit(first + part, total - first - part);
      }
    };
    return { ...real, eachPart };
  });
  const { Core } = await import("../bindings/engine/core.js");
  const { createEngine } = await import("../bindings/data/engine.js");
  const { STEPS } = await import("../bindings/solvers/steps.js");
  meter = new Meter(Core);
  try {
    const engine = createEngine();
    const loaded = measured(meter, datasetOf(engine, test));
    const bound = measured(meter, problemOf(engine, loaded.result, test));
    const { costs } = measured(meter, (STEPS[test.solver] as AnySteps)(bound.result, test.options));
    engine.dispose();
    return Math.max(...loaded.costs, ...bound.costs, ...costs);
  } finally {
    meter.stop();
  }
}

it.each(UNPARTED)("%s in one call, %s: too long a piece", async (names, name) => {
  expect(await longest(names, LONG_CASES[name] as LongCase)).toBeGreaterThan(BOUND);
});

// the mutants differ from this by one pass: with all of them parted the bound is kept
it.each([...new Set(UNPARTED.map(([, name]) => name))])("as they are, %s", async (name) => {
  expect(await longest(null, LONG_CASES[name] as LongCase)).toBeLessThanOrEqual(BOUND);
});
