// npm run bench:levels [-- --rounds N] [-- --out FILE]: seconds of optimalLevels by method and number of values, next to sorting them with Float64Array.sort, and
// what the levels gain over uniform ones. Every answer is checked before it is timed. Writes bench/results/levels.json.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { createEngine, type LevelMethod, optimalLevels, roundingVariance } from "../bindings/index.js";
import { median } from "../reproduce/measures.js";
import { Dice } from "../test/support/random.js";
import type { LevelGain, LevelResults, LevelTime } from "./levels-results.js";
import { environment } from "./rounds.js";

const { values: args } = parseArgs({
  options: {
    rounds: { type: "string", default: "9" },
    out: { type: "string", default: "bench/results/levels.json" },
  },
});
const ROUNDS = Number(args.rounds);
const LEVELS = 16;
const COUNTS = [2 ** 14, 2 ** 17, 2 ** 20];
const VALUES = 50_000;
const SAMPLES = 9;
const BITS = [2, 3, 4, 5];
/** What the answers must keep to, as multiples of the optimum; "exact" only where it takes less than minutes. */
const METHODS: Readonly<Partial<Record<LevelMethod, number>>> = {
  divideAndConquer: 1 + 1e-12,
  smawk: 1 + 1e-12,
  histogram: 1.001,
  adaquant: 1.1,
  auto: 1.001,
};

const LAWS: Readonly<Record<string, (dice: Dice) => number>> = {
  normal: (dice) => dice.normal(),
  Laplace: (dice) => dice.sign() * Math.log(1 - dice.uniform()),
  "t, 3 degrees of freedom": (dice) =>
    dice.normal() / Math.sqrt((dice.normal() ** 2 + dice.normal() ** 2 + dice.normal() ** 2) / 3),
  uniform: (dice) => dice.uniform(),
};

const draw = (law: string, count: number, seed: number): Float64Array => {
  const dice = new Dice(seed);
  return Float64Array.from({ length: count }, () => (LAWS[law] as (dice: Dice) => number)(dice));
};

const times: LevelTime[] = [];
for (const count of COUNTS) {
  const values = draw("normal", count, count);
  const best = roundingVariance(values, optimalLevels(values, { levels: LEVELS, method: "divideAndConquer" }));
  const cases: { name: string; run: () => void; toOptimum: number; spent: number[] }[] = [
    { name: "Float64Array.sort", run: () => void values.slice().sort(), toOptimum: 1, spent: [] },
  ];
  for (const [method, most] of Object.entries(METHODS)) {
    const options = { levels: LEVELS, method: method as LevelMethod };
    const toOptimum = roundingVariance(values, optimalLevels(values, options)) / best;
    if (!(toOptimum <= most)) throw new Error(`${method}, ${count} values: ${toOptimum} times the optimum`);
    cases.push({ name: method, run: () => void optimalLevels(values, options), toOptimum, spent: [] });
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const { run, spent } of cases) {
      const started = performance.now();
      run();
      spent.push(performance.now() - started);
    }
  }
  for (const { name, toOptimum, spent } of cases) {
    const time = { count, name, milliseconds: median(spent), least: Math.min(...spent), toOptimum };
    times.push(time);
    console.log(
      `${String(count).padStart(8)} ${name.padEnd(18)} ${time.milliseconds.toFixed(1).padStart(8)} ms (least ${time.least.toFixed(1)}), variance × ${toOptimum.toFixed(6)}`,
    );
  }
}

/** Uniform levels over the range ÷ the best ones, of one sample. */
function ratioOf(values: Float64Array, levels: number): number {
  const sorted = values.slice().sort();
  const [low, high] = [sorted[0] as number, sorted[values.length - 1] as number];
  const part = (k: number): number => k / (levels - 1);
  const uniform = Float64Array.from({ length: levels }, (_, k) => low * (1 - part(k)) + high * part(k));
  const own = optimalLevels(values, { levels, method: "divideAndConquer" });
  return roundingVariance(values, uniform) / roundingVariance(values, own);
}

// the ratio goes with the square of the range, which is the luck of two values: a median of samples
const gains: LevelGain[] = Object.keys(LAWS).map((law, i) => {
  const samples = Array.from({ length: SAMPLES }, (_, k) => draw(law, VALUES, 100 * (i + 1) + k));
  const ratios = BITS.map((bits) => median(samples.map((values) => ratioOf(values, 2 ** bits))));
  console.log(`${law.padEnd(24)} ${ratios.map((ratio) => ratio.toFixed(2)).join("  ")}`);
  return { law, ratios };
});

const results: LevelResults = {
  environment: environment(createEngine().variant),
  rounds: ROUNDS,
  levels: LEVELS,
  times,
  bits: BITS,
  values: VALUES,
  samples: SAMPLES,
  gains,
};
mkdirSync(dirname(args.out), { recursive: true });
writeFileSync(args.out, `${JSON.stringify(results, null, 2)}\n`);
console.log(`\nwritten to ${args.out}`);
