// npm run bench:objective [-- --quick] [-- --only SET[,SET]] [-- --peers native,tfjs,jax|none] [-- --data DIR] [-- --out FILE]
//   [-- --match PATTERN] [-- --cap SECONDS] [-- --clock wall|cpu] [-- --node-note TEXT]
// Time to objective: seconds from data in memory to weights of a given relative gap (F − F*)/(F(0) − F*), bitcenter's `auto` against peers on one
// thread. Peers of bench/peers/ take part where they are installed: `npm ci --prefix bench/peers`; Debian's python3-sklearn and liblinear4 for "native".
// Every competitor has a process of its own that holds the set; they take turns, forwards and backwards, so that a slow minute hits all of them. Clocks
// run in those processes; their weights are judged here afterwards (evaluate.ts), the same way for all.
// A complete run is written to bench/results/objective.json, a partial one only where --out says: sets measured anew replace those of that file.
// bench/results/objective-node20.json is one of a Node without relaxed SIMD: node build/bench/objective.js --peers native --only mnist,dense,a9a,ijcnn1 --out FILE.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { auto, createEngine } from "../bindings/index.js";
import { median } from "../reproduce/measures.js";
import type { Offer } from "./child.js";
import { Child, nodeProgram, PEERS, type PeerName, type Program, peerProgram, type Run } from "./children.js";
import { Judge } from "./evaluate.js";
import {
  type Best,
  type CompetitorRow,
  OBJECTIVE_TARGETS,
  type ObjectiveResults,
  type ObjectiveSet,
  OURS,
  ROUGH_TWIN,
  type SettingRow,
  TWIN,
} from "./objective-results.js";
import { environment } from "./rounds.js";
import { type BenchSet, loadSet, missingSource, QUICK_SETS, SET_NAMES, type SetName, writeSet } from "./sets.js";
import { compileTwin } from "./twin/compile.js";

const { values: args } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    peers: { type: "string" },
    data: { type: "string", default: "../shared/data" },
    out: { type: "string" },
    match: { type: "string", default: "" },
    cap: { type: "string" },
    clock: { type: "string", default: "wall" },
    "node-note": { type: "string", default: "none" },
  },
});

function chosen<T extends string>(option: string, given: string | undefined, known: readonly T[]): readonly T[] | null {
  if (given === undefined) return null;
  const names = given.split(",");
  const stranger = names.find((name) => !known.includes(name as T));
  if (stranger !== undefined) throw new Error(`--${option} ${stranger}: known are ${known.join(", ")}`);
  return names as T[];
}

const wantedSets = chosen("only", args.only, SET_NAMES) ?? (args.quick ? QUICK_SETS : SET_NAMES);
const wantedPeers: readonly PeerName[] = args.peers === "none" ? [] : (chosen("peers", args.peers, PEERS) ?? PEERS);

/** Of the others only the settings whose "competitor, setting" match. */
const MATCH = new RegExp(args.match);
const CLOCK = (chosen("clock", args.clock, ["wall", "cpu"]) as readonly ("wall" | "cpu")[])[0] ?? "wall";

/** Counted runs at most; fewer where the first run, with the machine's patience in mind, was long. */
const RUNS = args.quick ? 2 : 7;
/** Seconds of counted runs of one setting. */
const BUDGET = args.quick ? 0.6 : 10;
/** Settings that were so many times slower than the competitor's best one at every target are not repeated. */
const HOPELESS = 1.5;
/** A first run longer than this is the only one, and counts. */
const LONG = args.quick ? 1.5 : 60;
/** Seconds after which a run ends, whatever it has reached. */
const CAP = args.cap === undefined ? (args.quick ? 2.5 : 120) : Number(args.cap);
/** Points of a run that are judged for the curve; those that decide about a target are found by bisection. */
const CURVE_POINTS = args.quick ? 12 : 30;
/** Gaps smaller than this are rounding of F. */
const LEAST_GAP = 1e-15;
/** The solver's `tol` for F*; the runs themselves stop earlier. */
const SHARP = 1e-9;

// --- the optimum ---

/** The best weights known, and what the judge says of them. */
class Reference {
  readonly judge: Judge;
  readonly start: number;
  objective: number;
  #best: Float64Array;
  /** Judged objectives by the weights' bytes: repetitions of a deterministic solver are judged once. */
  readonly #known = new Map<string, number>();

  constructor(set: BenchSet) {
    this.judge = new Judge(set);
    this.#best = new Float64Array(this.judge.size);
    this.start = this.judge.objective(this.#best);
    this.objective = this.start;
  }

  judged(weights: Float64Array): number {
    const bytes = new Uint8Array(weights.buffer, weights.byteOffset, weights.byteLength);
    const key = createHash("sha1").update(bytes).digest("base64");
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const value = this.judge.objective(weights);
    this.#known.set(key, value);
    return value;
  }

  /** Weights that may be the best so far: F* is the lowest objective of anyone. */
  offer(weights: Float64Array): void {
    const value = this.judged(weights);
    if (!(value < this.objective)) return;
    this.objective = value;
    this.#best = weights.slice();
  }

  get fall(): number {
    return this.start - this.objective;
  }

  /** ‖∇F(w)‖². */
  gradientSquares(weights: Float64Array): number {
    const gradient = new Float64Array(this.judge.size);
    this.judge.objective(weights, gradient);
    return gradient.reduce((sum, one) => sum + one * one, 0);
  }

  /** F is l2-strongly convex, so F(w) − min F ≤ ‖∇F(w)‖²/(2·l2); relative to the fall. */
  certificate(l2: number): number {
    return this.gradientSquares(this.#best) / (2 * l2) / this.fall;
  }
}

/** By our own solver at its sharpest, its gradient compared with the judge's. */
function solveSharply(set: BenchSet, reference: Reference): Float64Array {
  const { name, raw, labels, rows, cols, loss, l2, top } = set;
  const engine = createEngine();
  try {
    const dataset = engine.dataset({ data: raw, rows, cols }, labels);
    const problem = engine.problem(dataset, { loss, l2: l2 * top * top, fitIntercept: false });
    let coef = new Float64Array(reference.judge.size);
    for (const report of auto(problem, { tol: SHARP })) coef = Float64Array.from(report.coef);
    const weights = coef.map((one) => one * top);
    const gradient = new Float64Array(weights.length);
    reference.judge.objective(weights, gradient);
    const norm = Math.sqrt(gradient.reduce((sum, one) => sum + one * one, 0));
    // a gradient by the raw columns is `top` times as long; at the optimum both are rounding
    const own = problem.evaluate({ coef }).gradientNorm / top;
    if (!(Math.abs(own - norm) <= 1e-6 * norm + 1e-13 * Math.max(1, reference.start))) {
      throw new Error(`${name}: the engine's gradient is ${own}, the judge's ${norm}`);
    }
    return weights;
  } finally {
    engine.dispose();
  }
}

/** Softmax does not change when all classes' weights move alike, so at the optimum their mean is 0: what is left of it is only penalty. */
function centred(weights: Float64Array, outputs: number): Float64Array {
  const cols = weights.length / outputs;
  const result = weights.slice();
  for (let j = 0; j < cols; j++) {
    let mean = 0;
    for (let c = 0; c < outputs; c++) mean += (weights[c * cols + j] as number) / outputs;
    for (let c = 0; c < outputs; c++) result[c * cols + j] = (weights[c * cols + j] as number) - mean;
  }
  return result;
}

// --- turns ---

interface Entry extends Offer {
  readonly child: Child;
  readonly index: number;
  /** The first run of the process. */
  cold: Run | null;
  readonly warm: Run[];
  turns: number;
  /** The points that decided about the targets in the first run. */
  needed: number[];
  note: string | null;
}

interface Outcome {
  readonly curve: { seconds: number; gap: number }[];
  readonly seconds: (number | null)[];
  readonly passes: (number | null)[];
  /** The points that decided. */
  readonly decisive: number[];
}

/** For every target the earliest point that is judged to meet it. */
function judgeRun(run: Run, kind: Offer["kind"], reference: Reference): Outcome {
  const { points } = run;
  const gaps = new Map<number, number>();
  const gapAt = (k: number): number => {
    const known = gaps.get(k);
    if (known !== undefined) return known;
    const value = reference.judged((points[k] as Run["points"][number]).weights);
    const gap = (value - reference.objective) / reference.fall;
    const clipped = Number.isFinite(gap) ? Math.max(LEAST_GAP, gap) : Number.POSITIVE_INFINITY;
    gaps.set(k, clipped);
    return clipped;
  };
  const last = points.length - 1;
  for (let k = 0; k <= CURVE_POINTS && last >= 0; k++) {
    // evenly on a logarithmic scale, all of the first ones
    gapAt(Math.min(last, last < CURVE_POINTS ? k : Math.round((last + 1) ** (k / CURVE_POINTS)) - 1));
  }
  const found = OBJECTIVE_TARGETS.map((target): number => {
    const judgedPoints = [...gaps.keys()].sort((a, b) => a - b);
    const meets = judgedPoints.filter((k) => gapAt(k) <= target);
    if (kind === "ladder") {
      const time = (k: number): number => (points[k] as Run["points"][number]).seconds;
      return meets.reduce((best, k) => (best < 0 || time(k) < time(best) ? k : best), -1);
    }
    let high = meets[0] ?? -1;
    let low = judgedPoints.filter((k) => k < high).at(-1) ?? -1;
    while (high - low > 1 && high > 0) {
      const middle = (high + low) >> 1;
      if (gapAt(middle) <= target) high = middle;
      else low = middle;
    }
    return high;
  });
  const at = (k: number): Run["points"][number] => points[k] as Run["points"][number];
  const curve = [...gaps]
    .map(([k, gap]) => ({ seconds: at(k).seconds, gap }))
    .filter(({ gap }) => Number.isFinite(gap))
    .sort((a, b) => a.seconds - b.seconds);
  return {
    curve,
    seconds: found.map((k) => (k < 0 ? null : at(k).seconds)),
    passes: found.map((k) => (k < 0 ? null : (at(k).passes ?? null))),
    decisive: [...new Set(found.filter((k) => k >= 0).map((k) => at(k).at))],
  };
}

/** What a competitor says of its own objective must be what the judge says: both are float64, but its data may be rounded to float32. */
function checkClaims(entry: Entry, run: Run, reference: Reference): void {
  if (run.claims === null) return;
  const tolerance = entry.competitor === OURS ? 1e-11 : 1e-6;
  const last = run.points.length - 1;
  for (const k of new Set([0, last >> 1, last])) {
    const point = run.points[k];
    if (point === undefined) continue;
    const value = reference.judged(point.weights);
    if (!(Math.abs(value - (run.claims[k] as number)) <= tolerance * reference.start)) {
      throw new Error(`${entry.competitor}, ${entry.setting}: claims F = ${run.claims[k]}, judged ${value}`);
    }
  }
}

async function open(peer: string, program: Program | string, skipped: { peer: string; reason: string }[]) {
  let reason = "";
  if (typeof program === "string") reason = program;
  else {
    try {
      const child = await Child.start(program);
      if (child.hello.reason === null) return child;
      reason = child.hello.reason;
      child.end();
    } catch (error) {
      reason = (error as Error).message;
    }
  }
  skipped.push({ peer, reason });
  console.log(`  skipped: ${peer}: ${reason}`);
  return null;
}

function firstRun(entry: Entry, reference: Reference): string {
  if (entry.cold === null) return entry.note ?? "";
  const { seconds } = judgeRun(entry.cold, entry.kind, reference);
  return `${seconds.map(show).join(" / ")} s${entry.note === null ? "" : `; ${entry.note}`}`;
}

const show = (seconds: number | null): string => (seconds === null ? "–" : seconds.toPrecision(3));

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** `ours`: seconds to each target in every counted round, bitcenter's. */
function summarise(entry: Entry, reference: Reference, ours: readonly (readonly (number | null)[])[]): SettingRow {
  const cold = entry.cold === null ? null : judgeRun(entry.cold, entry.kind, reference);
  const warm = entry.warm.map((run) => judgeRun(run, entry.kind, reference));
  const outcomes = warm.length === 0 && cold !== null ? [cold] : warm;
  const secondsTo = (outcome: { readonly seconds: readonly (number | null)[] }, t: number): number =>
    outcome.seconds[t] ?? Number.POSITIVE_INFINITY;
  return {
    setting: entry.setting,
    runs: outcomes.length,
    curve: outcomes[0]?.curve ?? [],
    seconds: OBJECTIVE_TARGETS.map((_, t) => finite(median(outcomes.map((outcome) => secondsTo(outcome, t))))),
    ratios: OBJECTIVE_TARGETS.map((_, t) => {
      const all = ours.map((seconds) => secondsTo({ seconds }, t));
      // a run that had no round of its own is compared with our middle one
      const base = (round: number): number => (warm.length === 0 ? median(all) : (all[round] as number));
      return finite(median(outcomes.map((outcome, round) => secondsTo(outcome, t) / base(round))));
    }),
    cold: cold?.seconds ?? OBJECTIVE_TARGETS.map(() => null),
    note: entry.note,
    ...(SAME_SOLVER.includes(entry.competitor) ? precisely(entry, reference, outcomes) : {}),
  };
}

/** bitcenter and its twins. */
const SAME_SOLVER: readonly string[] = [OURS, TWIN, ROUGH_TWIN];

/** What is said of these only. */
function precisely(entry: Entry, reference: Reference, outcomes: readonly Outcome[]): Partial<SettingRow> {
  const last = entry.cold?.points.at(-1);
  const passes = outcomes[0]?.passes;
  return {
    ...(passes === undefined ? {} : { passes }),
    ...(last === undefined ? {} : { finalGradient: Math.sqrt(reference.gradientSquares(last.weights)) }),
  };
}

/** How often a setting is repeated, once F* is final: by what it needs for its last target, and only if it may be its competitor's best. */
function planTurns(entries: readonly Entry[], reference: Reference): void {
  const outcomes = new Map(
    entries.flatMap((entry): [Entry, Outcome][] =>
      entry.cold === null ? [] : [[entry, judgeRun(entry.cold, entry.kind, reference)]],
    ),
  );
  for (const [entry, { seconds, decisive }] of outcomes) {
    const rivals = [...outcomes].filter(([other]) => other.competitor === entry.competitor);
    const isHopeful = seconds.some((own, t) => {
      const best = Math.min(...rivals.map(([, other]) => other.seconds[t] ?? Number.POSITIVE_INFINITY));
      return own !== null && own <= HOPELESS * best;
    });
    if (!isHopeful) continue;
    entry.needed = decisive;
    const times = (entry.cold as Run).points.filter(({ at }) => decisive.includes(at)).map((point) => point.seconds);
    const spent = entry.kind === "ladder" ? times.reduce((sum, one) => sum + one, 0) : Math.max(...times);
    entry.turns = spent > LONG ? 0 : Math.min(RUNS, Math.max(1, Math.floor(BUDGET / spent)));
  }
}

/** `twin`: the twin's module. */
async function measureSet(name: SetName, twin: string): Promise<ObjectiveSet> {
  const set = loadSet(name, args.data, args.quick);
  const { rows, cols, outputs, loss, l2, description } = set;
  console.log(`${name}: ${rows} × ${cols}${outputs > 1 ? ` × ${outputs}` : ""}, ${loss}, ${description}`);
  const folder = mkdtempSync(join(tmpdir(), "bitcenter-bench-"));
  const children: Child[] = [];
  const skipped: { peer: string; reason: string }[] = [];
  try {
    writeSet(folder, set);
    const reference = new Reference(set);
    const sharp = solveSharply(set, reference);
    reference.offer(sharp);
    if (outputs > 1) reference.offer(centred(sharp, outputs));
    const entries: Entry[] = [];
    const enter = (child: Child | null): void => {
      if (child === null) return;
      children.push(child);
      child.hello.offers.forEach((offer, index) => {
        if (offer.competitor !== OURS && !MATCH.test(`${offer.competitor}, ${offer.setting}`)) return;
        entries.push({ ...offer, child, index, cold: null, warm: [], turns: 0, needed: [], note: null });
      });
    };
    for (const who of [["bitcenter"], ["twin", twin], ["lbfgs"]]) {
      enter(await Child.start(nodeProgram("build/bench/contestant.js", folder, ...who)));
    }
    for (const peer of wantedPeers) enter(await open(peer, peerProgram(peer, folder, args.quick), skipped));

    // first runs: all points, as far as the cap allows
    for (const entry of entries) {
      try {
        const run = await entry.child.run({ run: entry.index, only: null, cap: CAP, clock: CLOCK });
        entry.cold = run;
        entry.note = run.note;
        checkClaims(entry, run, reference);
        for (const point of entry.kind === "ladder" ? run.points : run.points.slice(-1)) reference.offer(point.weights);
      } catch (error) {
        if (entry.child.hello.peer === "ours") throw error;
        entry.note = (error as Error).message;
      }
      console.log(`  ${entry.competitor}, ${entry.setting}: ${firstRun(entry, reference)}`);
    }
    planTurns(entries, reference);
    // ours has a turn in every round
    const rounds = Math.max(0, ...entries.map(({ turns }) => turns));
    for (const entry of entries) if (entry.competitor === OURS) entry.turns = rounds;
    for (let round = 0; round < rounds; round++) {
      const order = entries.filter(({ turns }) => round < turns);
      if (round % 2 === 1) order.reverse();
      for (const entry of order) {
        try {
          entry.warm.push(await entry.child.run({ run: entry.index, only: entry.needed, cap: CAP, clock: CLOCK }));
        } catch (error) {
          if (entry.child.hello.peer === "ours") throw error;
          entry.turns = 0;
          entry.note = (error as Error).message;
        }
      }
    }

    const own = entries.find(({ competitor }) => competitor === OURS) as Entry;
    const ours = own.warm.map((run) => judgeRun(run, own.kind, reference).seconds);
    const settings = entries.map((entry) => ({ entry, row: summarise(entry, reference, ours) }));
    const names = [...new Set(entries.map(({ competitor }) => competitor))];
    const competitors = names.map((competitor): CompetitorRow => {
      const rows = settings.filter(({ entry }) => entry.competitor === competitor);
      const { hello } = (rows[0] as (typeof rows)[number]).entry.child;
      const best = OBJECTIVE_TARGETS.map((_, t) => {
        let least: Best | null = null;
        for (const { row } of rows) {
          const seconds = row.seconds[t] ?? null;
          if (seconds === null || (least !== null && seconds >= least.seconds)) continue;
          least = { setting: row.setting, seconds, ratio: row.ratios[t] ?? null };
        }
        return least;
      });
      return { competitor, peer: hello.peer, version: hello.version, settings: rows.map(({ row }) => row), best };
    });
    const optimum = {
      objective: reference.objective,
      start: reference.start,
      certificate: reference.certificate(l2),
      ours: (reference.judged(sharp) - reference.objective) / reference.fall,
    };
    tell(competitors, optimum);
    const engine = createEngine();
    const facts = { ...environment(engine.variant), clock: CLOCK, note: args["node-note"] };
    engine.dispose();
    return { name, description, rows, cols, outputs, loss, l2, environment: facts, optimum, competitors, skipped };
  } finally {
    for (const child of children) child.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The twin beside us: passes and final gradients must be alike for the seconds to be comparable. */
function twinLines(competitors: readonly CompetitorRow[]): string[] {
  const rows = competitors.filter(({ competitor }) => SAME_SOLVER.includes(competitor));
  const lines = rows.flatMap(({ competitor, settings }) =>
    settings.map(({ setting, passes = [], finalGradient = Number.NaN }) => {
      const counts = passes.map((count) => count?.toPrecision(3) ?? "–").join(" / ");
      return `  ${`${competitor}, ${setting}`.padEnd(60)} ${counts} passes, at last ‖∇F‖ = ${finalGradient.toExponential(1)}`;
    }),
  );
  return rows.length > 1 ? [...lines, ""] : [];
}

function tell(competitors: readonly CompetitorRow[], { certificate, ours: own }: ObjectiveSet["optimum"]): void {
  console.log(
    `  seconds to a gap of ${OBJECTIVE_TARGETS.map((target) => target.toExponential(0)).join(" / ")}, medians:`,
  );
  for (const { competitor, best } of competitors) {
    const cells = best.map((one) => {
      const ratio = one === null || one.ratio === null || competitor === OURS ? "" : ` (${one.ratio.toFixed(2)})`;
      return `${show(one?.seconds ?? null)}${ratio}`;
    });
    console.log(`  ${competitor.padEnd(40)} ${cells.join(" / ")}`);
  }
  console.log(
    `  F* is certified to a gap of ${certificate.toExponential(1)}; ours with tol ${SHARP} has ${own.toExponential(1)}\n`,
  );
  const least = OBJECTIVE_TARGETS.at(-1) as number;
  if (!(certificate <= least / 10)) {
    console.log(`  WARNING: F* is not known well enough for a gap of ${least}\n`);
  }
  for (const line of twinLines(competitors)) console.log(line);
}

const present = wantedSets.filter((name) => {
  const path = missingSource(name, args.data);
  if (path === null) return true;
  console.log(`skipped: ${name} (${path} is absent; --data DIR names another folder; the rest is unaffected)\n`);
  return false;
});
const isComplete =
  !args.quick &&
  args.only === undefined &&
  args.peers === undefined &&
  args.match === "" &&
  present.length === wantedSets.length;
const out = args.out ?? (isComplete ? "bench/results/objective.json" : null);

/** After every set: hours of measuring do not hang on the last one. */
function write(path: string, measured: ObjectiveSet): void {
  const before = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as ObjectiveResults).sets : [];
  const place = ({ name }: ObjectiveSet): number => SET_NAMES.indexOf(name as SetName);
  const sets = [...before.filter(({ name }) => name !== measured.name), measured].sort((a, b) => place(a) - place(b));
  const results: ObjectiveResults = { sets };
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(results, null, 1)}\n`);
  console.log(`written to ${path}\n`);
}

/** The twin's module, of the variant that the engine chooses on this host; its folder goes with this process. */
function makeTwin(): string {
  const engine = createEngine();
  const { variant } = engine;
  engine.dispose();
  const folder = mkdtempSync(join(tmpdir(), "bitcenter-bench-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return compileTwin(folder, variant);
}

const twin = makeTwin();
for (const name of present) {
  const measured = await measureSet(name, twin);
  if (out !== null) write(out, measured);
}
if (out === null) console.log("a partial run: nothing written (--out FILE would)");
