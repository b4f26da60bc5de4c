// The side of a competitor: a process that holds one set in memory and runs when told to, so that competitors can take turns on a warm engine.
//   node PROGRAM FOLDER       FOLDER: as written by sets.ts
// It says hello with one JSON line, then answers every line {run, only, cap, clock} with one line {points: [{at, seconds}], file, claims, note}; the
// weights of the points follow one another as float64 in `file`. native.py speaks the same.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type BenchSet, readSet } from "./sets.js";

/** One way to run a competitor. "path": one run with many points; "ladder": one complete run per point, each harder than the last. */
export interface Offer {
  readonly competitor: string;
  readonly setting: string;
  readonly kind: "path" | "ladder";
}

export interface Hello {
  readonly peer: string;
  readonly version: string;
  readonly offers: readonly Offer[];
  /** Why nothing is offered; null where something is. */
  readonly reason: string | null;
}

export interface Order {
  /** Index of the offer. */
  readonly run: number;
  /** Points wanted, by `at`; null: all. A path ends after the last of them, a ladder takes only these steps. */
  readonly only: readonly number[] | null;
  /** Seconds after which a run ends. */
  readonly cap: number;
  /** Elapsed time, or the processor time of the whole process: for machines that others use, too. */
  readonly clock: "wall" | "cpu";
}

export interface Answer {
  /** passes: over all rows so far, where the competitor counts them. */
  readonly points: readonly { readonly at: number; readonly seconds: number; readonly passes?: number }[];
  readonly file: string;
  /** The competitor's own objectives, where it has them in float64: compared with the judge's. */
  readonly claims: readonly number[] | null;
  readonly note: string | null;
}

interface Point {
  readonly seconds: number;
  readonly weights: Float64Array;
  readonly claim: number | null;
  readonly passes: number | null;
}

function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The clock of one run, and what was seen on the way. */
export class Trace {
  /** Weights times this are those of the set's values. */
  scale = 1;
  note: string | null = null;
  readonly #now: () => number;
  readonly #most: number;
  readonly #cap: number;
  readonly #points: Point[] = [];
  #started = 0;

  constructor(order: Order) {
    this.#cap = order.cap;
    this.#now = order.clock === "wall" ? () => performance.now() : processorTime;
    this.#most = order.only === null ? Number.POSITIVE_INFINITY : Math.max(...order.only);
  }

  begin(): void {
    this.#started = this.#now();
  }

  /** Weights that exist now, not changed afterwards; `claim`: their objective, if known exactly; `passes` so far, if counted. False: the run should end. */
  point(weights: Float64Array, claim: number | null = null, passes: number | null = null): boolean {
    const seconds = (this.#now() - this.#started) / 1000;
    this.#points.push({ seconds, weights, claim, passes });
    if (seconds > this.#cap) this.note = `ended after ${this.#cap} s`;
    return this.note === null && this.#points.length <= this.#most;
  }

  /** To be called after the run. */
  answer(folder: string): Answer {
    const points = this.#points;
    const size = points[0]?.weights.length ?? 0;
    const all = new Float64Array(points.length * size);
    points.forEach(({ weights }, at) => {
      for (let k = 0; k < size; k++) all[at * size + k] = (weights[k] as number) * this.scale;
    });
    const file = join(folder, `weights-${process.pid}.f64`);
    writeFileSync(file, new Uint8Array(all.buffer));
    const claims = points.map(({ claim }) => claim);
    return {
      points: points.map(({ seconds, passes }, at) => (passes === null ? { at, seconds } : { at, seconds, passes })),
      file,
      claims: claims.every((claim) => claim !== null) ? claims : null,
      note: this.note,
    };
  }
}

export interface Runner extends Offer {
  run(trace: Trace): void | Promise<void>;
}

/** The folder with the set, and the set. */
export function openSet(): { folder: string; set: BenchSet } {
  const folder = process.argv[2];
  if (folder === undefined) throw new Error(`usage: node ${process.argv[1]} FOLDER (see bench/child.ts)`);
  return { folder, set: readSet(folder) };
}

const say = (value: Hello | Answer): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`);
};

export async function serve(folder: string, peer: string, version: string, runners: readonly Runner[]): Promise<void> {
  const offers = runners.map(({ competitor, setting, kind }) => ({ competitor, setting, kind }));
  say({ peer, version, offers, reason: null });
  for await (const line of createInterface({ input: process.stdin })) {
    const order = JSON.parse(line) as Order;
    const trace = new Trace(order);
    // what earlier runs left behind is not this run's fault
    (globalThis as { gc?: () => void }).gc?.();
    await (runners[order.run] as Runner).run(trace);
    say(trace.answer(folder));
  }
}
