// Conjugate gradients that are given what is no preconditioner (or no Hessian): nothing is called solved that is not, and the solvers that asked go on without it.
import { afterEach, describe, expect, it, vi } from "vitest";
import { Core, Scope } from "../bindings/engine/core.js";
import { finish, piece, type Work } from "../bindings/engine/work.js";
import { createEngine, type LossName, type NewtonReport, newton } from "../bindings/index.js";
import { conjugateGradients, type Solution } from "../bindings/solvers/newton/conjugate-gradients.js";
import { Preconditioner } from "../bindings/solvers/newton/preconditioner.js";
import { sampleFor } from "./support/data.js";

const SIZE = 6;
/** H: this diagonal, and 1 beside it. */
const DIAGONAL = [4, 7, 9, 16, 25, 60];
const RIGHT = [1, -2, 3, 0.5, -1, 2];

type Spoil = (values: Float64Array) => void;
const SPOILED: Readonly<Record<string, Spoil>> = {
  "no number": (values) => void values.fill(Number.NaN, 0, 1),
  negative: (values) => values.set(values.map((value) => -value)),
  "beyond all numbers": (values) => values.set(values.map((value) => value * 1e308 * 1e10)),
};

interface Found extends Solution {
  readonly z: Float64Array;
}

/** Solves with M = the diagonal, spoiled from the call `spoiledFrom` on. h: the diagonal of H. */
function solve(forcing: number, spoil: Spoil | null, spoiledFrom = 0, h: readonly number[] = DIAGONAL): Found {
  const core = new Core({});
  const scope = new Scope(core);
  const [r, z, y, p, hp] = Array.from({ length: 5 }, () => scope.alloc(SIZE * 8, "a vector")) as [
    number,
    number,
    number,
    number,
    number,
  ];
  core.f64(r, SIZE).set(RIGHT);
  let calls = 0;
  const multiply = (from: number, to: number): Work<void> =>
    piece(() => {
      const x = core.f64(from, SIZE);
      const out = core.f64(to, SIZE);
      for (let i = 0; i < SIZE; i++) {
        const beside = (x[i - 1] ?? 0) + (x[i + 1] ?? 0);
        out[i] = (h[i] as number) * (x[i] as number) + beside;
      }
    });
  const precondition = (vector: number): Work<void> =>
    piece(() => {
      const values = core.f64(vector, SIZE);
      for (let i = 0; i < SIZE; i++) values[i] = (values[i] as number) / (DIAGONAL[i] as number);
      if (spoil !== null && calls++ >= spoiledFrom) spoil(values);
    });
  const solution = finish(conjugateGradients({ core, size: SIZE, r, z, y, p, hp, multiply, precondition }, forcing));
  const found = { ...solution, z: core.f64(z, SIZE).slice() };
  core.dispose();
  return found;
}

const energyOf = (z: Float64Array): number => {
  let energy = 0;
  for (let i = 0; i < SIZE; i++) {
    const [own, next] = [z[i] as number, z[i + 1] ?? 0];
    energy += 0.5 * (DIAGONAL[i] as number) * own * own + own * next - (RIGHT[i] as number) * own;
  }
  return energy;
};

describe("conjugate gradients", () => {
  it("with a good preconditioner have solved", () => {
    const { isSolved, fault, products, z } = solve(1e-8, null);
    expect({ isSolved, fault }).toEqual({ isSolved: true, fault: null });
    expect(products).toBeLessThanOrEqual(SIZE);
    for (let i = 0; i < SIZE; i++) {
      const found = (DIAGONAL[i] as number) * (z[i] as number) + (z[i - 1] ?? 0) + (z[i + 1] ?? 0);
      expect(found).toBeCloseTo(RIGHT[i] as number, 6);
    }
  });

  it.each(Object.keys(SPOILED))("have not solved when the preconditioner's answer is %s", (name) => {
    for (const from of [0, 1, 2, 3]) {
      const { isSolved, fault, products, z } = solve(1e-8, SPOILED[name] as Spoil, from);
      expect({ isSolved, fault }, `from call ${from}`).toEqual({ isSolved: false, fault: "preconditioner" });
      expect(products).toBe(from);
      // what was found before is still good
      expect(energyOf(z)).toBeLessThanOrEqual(0);
      if (from > 0) expect(energyOf(z)).toBeLessThan(energyOf(solve(1e-8, SPOILED[name] as Spoil, from - 1).z));
    }
  });

  it("have not solved along a direction without curvature", () => {
    for (const curved of [-1e4, Number.NaN]) {
      const h = DIAGONAL.map((value, i) => (i === 2 ? curved : value));
      const { isSolved, fault } = solve(1e-8, null, 0, h);
      expect({ isSolved, fault }).toEqual({ isSolved: false, fault: "matrix" });
    }
  });

  it("have solved what is solved from the start", () => {
    expect(solve(1e-8, (values) => values.fill(0))).toMatchObject({
      isSolved: true,
      products: 0,
      norm: 0,
      fault: null,
    });
  });
});

afterEach(() => void vi.restoreAllMocks());

/** Spoils what preconditioners say, in the calls that `isSpoiled` picks by their number. */
function spoilPreconditioners(core: Core, spoil: Spoil, isSpoiled: (call: number) => boolean): void {
  const real = Preconditioner.prototype.solve;
  let calls = 0;
  vi.spyOn(Preconditioner.prototype, "solve").mockImplementation(function* (this: Preconditioner, r: number) {
    yield* real.call(this, r);
    if (isSpoiled(calls++)) spoil(core.f64(r, this.dimension));
  });
}

const LOSSES: readonly LossName[] = ["logistic", "squaredHinge", "hinge"];
const CASES = LOSSES.flatMap((loss) => Object.keys(SPOILED).map((name) => ({ loss, name })));

/** Reports of a run with one output, and the least objective there is. */
function run(loss: LossName, spoil: Spoil, isSpoiled: (call: number) => boolean) {
  const { data, rows, cols, labels } = sampleFor(loss, 300, 9, 3);
  const engine = createEngine();
  const problem = engine.problem(engine.dataset({ data, rows, cols }, labels), { loss, l2: 1e-2 });
  const least = ([...newton(problem)].at(-1) as NewtonReport).objective;
  spoilPreconditioners(problem.core, spoil, isSpoiled);
  const reports = [...newton(problem, { outerSteps: 60 })];
  vi.restoreAllMocks();
  engine.dispose();
  return { reports, least };
}

describe("with a preconditioner that is none", () => {
  it.each(CASES)("always $name: $loss claims no optimum that it has not found", ({ loss, name }) => {
    const { reports, least } = run(loss, SPOILED[name] as Spoil, () => true);
    const zero = (reports[0] as NewtonReport).objective;
    for (const { objective, coef, isConverged } of reports) {
      expect(Number.isFinite(objective)).toBe(true);
      expect(coef.every(Number.isFinite)).toBe(true);
      expect(objective).toBeLessThanOrEqual(zero);
      if (isConverged) expect(objective - least).toBeLessThanOrEqual(1e-9 * (zero - least));
    }
  });

  it.each(CASES)("once $name: $loss finds its optimum all the same", ({ loss, name }) => {
    for (const bad of [0, 1, 4]) {
      const { reports, least } = run(loss, SPOILED[name] as Spoil, (call) => call === bad);
      const [zero, final] = [(reports[0] as NewtonReport).objective, reports.at(-1) as NewtonReport];
      expect(final.isConverged, `call ${bad}`).toBe(true);
      expect(final.objective - least).toBeLessThanOrEqual(1e-9 * (zero - least));
    }
  });
});
