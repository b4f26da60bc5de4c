// What holds a direction where the data says nothing about it and no penalty does: columns that are copies or sums of others up to their last bits.
// docs/numerics.md §11.
import type { Frame } from "../../data/dataset.js";
import type { Problem } from "../../data/problem.js";
import type { Scope } from "../../engine/core.js";
import type { Work } from "../../engine/work.js";

/** Rounding of a gradient, in parts of the largest it can be: some units in the last place of a sum. */
const NOISE = 2 ** -50;
/** Gaps below this part of the objective cannot be seen in it. */
const LEAST_GAP = 2 ** -53;
/** Most that is added, as a part of the curvature bounds. */
const MOST = 1e-6;
/** Arithmetic of a column, with a root and a division. */
const COLUMN_PRICE = 32;

export class Damping {
  /** What is added to the Hessian of directions, never to the objective: padded f64, code coordinates. */
  readonly added: number;
  /** l2's part of the Hessian, and that: padded f64. */
  readonly total: number;
  #isOn = false;
  readonly #ridge: number;

  /** Nothing is added until measure() has run. ridge: l2's part of the Hessian, padded f64. */
  constructor(scope: Scope, problem: Problem, frame: Frame, ridge: number) {
    const { core } = problem;
    this.#ridge = ridge;
    this.added = scope.alloc(frame.padded * 8, "the damping");
    this.total = scope.alloc(frame.padded * 8, "the damping");
    core.f64(this.added, frame.padded).fill(0);
    core.f64(this.total, frame.padded).set(core.f64(ridge, frame.padded));
  }

  /** Whether anything is added. */
  get isOn(): boolean {
    return this.#isOn;
  }

  /**
   * A gradient entry is c = Σ cᵢ·(xᵢⱼ − offsetⱼ)/(n·scaleⱼ), and by mean c² ≤ 2·curvature·F (losses are smooth and not negative) rounded by at most about
   * ε = 2⁻⁵⁰·κ·√(2·curvature·F), κ = |offset|/scale + √(mean code²). Along a direction without curvature or penalty that is all there is, and dividing by next to nothing
   * would send its weights far away. With a damping of d the model promises ε²/2d for it: no more than gap·F if d ≥ 2⁻¹⁰⁰·κ²·curvature/gap.
   * scales: curvature bounds (padded f64); gap: the one aimed at, as a part of the objective; dimension: columns, the intercept's included.
   */
  *measure(
    { core, dataset, curvature }: Problem,
    frame: Frame,
    scales: number,
    dimension: number,
    gap: number,
  ): Work<void> {
    const { padded } = frame;
    const { cols } = dataset;
    if (core.isDue(COLUMN_PRICE * padded)) yield;
    const factor = (NOISE * NOISE) / Math.max(gap, LEAST_GAP);
    const bounds = core.f64(scales, padded);
    const ridge = core.f64(this.#ridge, padded);
    const offset = core.f64(frame.offset, cols);
    const zero = core.f64(dataset.exactRows.passOffset, cols);
    const scale = core.f64(frame.scale, cols);
    const added = core.f64(this.added, padded);
    const total = core.f64(this.total, padded);
    let isOn = false;
    for (let j = 0; j < dimension; j++) {
      const bound = bounds[j] as number;
      const isColumn = j < cols;
      const shift = isColumn ? Math.abs(((offset[j] as number) - (zero[j] as number)) / (scale[j] as number)) : 0;
      const size = Math.sqrt(bound) + Math.sqrt(curvature) * shift;
      added[j] = Math.max(0, Math.min(MOST * bound, factor * size * size) - (ridge[j] as number));
      isOn ||= isColumn && (added[j] as number) > 0;
    }
    // the intercept is never penalised, but alone it is never without curvature
    if (!isOn) added.fill(0);
    for (let j = 0; j < dimension; j++) total[j] = (ridge[j] as number) + (added[j] as number);
    this.#isOn = isOn;
  }
}
