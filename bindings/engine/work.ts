// Work that can be paused. Whatever may take long is a generator that yields between two pieces: finished in one go it is a function call, and an async fit runs it
// piece by piece and gives the event loop its turn in between. docs/decisions/0016.

/** Work that can be paused: yields between two pieces. */
export type Work<T> = Generator<undefined, T, undefined>;

/** What a solver gives: reports, and undefined where it could be paused. */
export type Steps<R> = Generator<R | undefined, void, undefined>;

/**
 * Multiply-adds of a piece, or as many of what takes as long: under 4 ms in float64 on a slow machine, and long enough to make a pause cost nothing beside it.
 */
export const PIECE = 2 ** 22;

/** What a product of two integers costs, in multiply-adds: integer passes make four in the time of one in float64, and more where the data are in cache. */
export const INTEGER_PRICE = 1 / 4;

/** Counts the work since the last pause. */
export interface Pace {
  /** Whether there should be a pause before `cost` multiply-adds more. */
  isDue(cost: number): boolean;
}

/** Straight through. */
export function finish<T>(work: Work<T>): T {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

/**
 * Visits `total` things (rows, columns, …) of `cost` multiply-adds each in parts that fit a piece, `grain` of them or a multiple at a time. Parts depend on
 * sizes alone, never on pauses: where the order of sums follows them, it is always the same. most: things in a part, whatever they cost.
 */
export function eachPart(
  pace: Pace,
  total: number,
  cost: number,
  grain: number,
  visit: (first: number, count: number) => void,
  most = total,
): Work<void> {
  const part = Math.min(most, partOf(cost, grain));
  if (total > part) return parts(pace, total, cost, part, visit);
  if (pace.isDue(total * cost)) return later(total, visit);
  // small work is done before a generator would be made: eachPart is for yield*, which comes to it at once
  if (total > 0) visit(0, total);
  return DONE;
}

function* later(total: number, visit: (first: number, count: number) => void): Work<void> {
  yield;
  visit(0, total);
}

/** `work`, which has begun, and at its end `then`, of `cost` multiply-adds: no generator where both are done at once, for what is done hundreds of times on small problems. */
export function after(pace: Pace, work: Work<void>, cost: number, then: () => void): Work<void> {
  if (work !== DONE || pace.isDue(cost)) return both(pace, work, cost, then);
  then();
  return DONE;
}

function* both(pace: Pace, work: Work<void>, cost: number, then: () => void): Work<void> {
  // work that was done was so at the cost of a pause
  if (work === DONE) yield;
  else {
    yield* work;
    if (pace.isDue(cost)) yield;
  }
  then();
}

/** Work that is done. */
const DONE: Work<void> = piece(() => {});
DONE.next();

function* parts(
  pace: Pace,
  total: number,
  cost: number,
  part: number,
  visit: (first: number, count: number) => void,
): Work<void> {
  for (let first = 0; first < total; first += part) {
    const count = Math.min(part, total - first);
    if (pace.isDue(count * cost)) yield;
    visit(first, count);
  }
}

/** Things of `cost` multiply-adds each in a part: a multiple of `grain`. */
export function partOf(cost: number, grain: number): number {
  return Math.max(1, Math.floor(PIECE / (cost * grain))) * grain;
}

/** Work of one piece. */
// biome-ignore lint/correctness/useYield: there is nothing to pause between
export function* piece<T>(work: () => T): Work<T> {
  return work();
}

/** The reports alone. */
export function* reportsOf<R>(steps: Steps<R>): Generator<R, void, undefined> {
  for (const report of steps) if (report !== undefined) yield report;
}
