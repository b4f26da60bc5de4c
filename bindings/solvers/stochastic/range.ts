// HALP's range: delta spans ‖fullGradient‖/mu per unit coordinate. A given mu is used as it is (the published scheme); "auto" follows what the
// last inner run needed: block floating point between outer steps.
import type { Work } from "../../engine/work.js";
import type { Session } from "./session.js";

/** Head-room of "auto": the largest code should use this part of the range. 16 bits can waste two of them, 8 bits none. */
const TARGET_USE = { 8: 0.75, 16: 0.25 } as const;

export class RangeRule {
  readonly #session: Session;
  readonly #given: number | null;
  readonly #bits: 8 | 16;
  /** range = ‖fullGradient‖·spread, so mu = 1/spread. */
  #spread = 0;
  /** Above this spread the grid was too coarse: rounding noise has undone an outer step. */
  #ceiling = Number.POSITIVE_INFINITY;

  constructor(session: Session, mu: number | null, bits: 8 | 16) {
    this.#session = session;
    this.#given = mu;
    this.#bits = bits;
  }

  /** mu of the next inner run. */
  *mu(): Work<number> {
    if (this.#given !== null) return this.#given;
    if (this.#spread === 0) this.#spread = yield* this.#firstSpread();
    return 1 / this.#spread;
  }

  /**
   * How far delta may have to reach along the largest gradient coordinate: a quarter of the way of T steps without curvature. At 8 bits no further
   * than a Newton step of the average curvature, at least L/columns: there a range too wide leaves a grid too coarse.
   */
  *#firstSpread(): Work<number> {
    const { problem, plane, g, inner, stepSize, innerSteps, unitGradientNorm } = this.#session;
    const share = problem.core.kernels.maxAbs(g, inner.size) / plane.largest / unitGradientNorm;
    const free = 0.25 * stepSize * innerSteps;
    const newton = plane.padded / (yield* problem.smoothness(plane));
    return share * (this.#bits === 8 ? Math.min(free, newton) : free);
  }

  /** Looks at the delta of the run just made. */
  learn(): void {
    if (this.#given !== null) return;
    const { inner, problem } = this.#session;
    const { kernels } = problem.core;
    const largest = kernels[`maxCodeI${this.#bits}`](inner.z, inner.size);
    const used = largest / (2 ** (this.#bits - 1) - 1);
    const change = used >= 1 ? 4 : used / TARGET_USE[this.#bits];
    this.#spread = Math.min(this.#ceiling, this.#spread * Math.min(4, Math.max(0.5, change)));
  }

  get isAutomatic(): boolean {
    return this.#given === null;
  }

  /** The outer step just made was undone: a quarter of its range, and never again more than half of it. */
  reject(mu: number): void {
    this.#ceiling = 0.5 / mu;
    this.#spread = 0.25 / mu;
  }
}
