// Interleaved measurement with the `benchmark` package: every case runs a short while in every round, the median over the rounds counts.
// Neighbouring cases then see the same clock speed, so ratios inside one call of `measure` can be trusted; absolute figures less so.
import { cpus } from "node:os";
import Benchmark from "benchmark";
import { median } from "../reproduce/measures.js";

export interface Case {
  readonly name: string;
  /** Units of work per call of `run` (multiply-adds, steps, rows …). */
  readonly work: number;
  readonly run: () => void;
  /** Measures itself (a child process) and returns units of work per second; `work` and `run` are then not used. */
  readonly sample?: () => number;
}

export interface Measurement {
  readonly name: string;
  /** Median over the rounds, units of work per second. */
  readonly rate: number;
  /** Median absolute deviation of the rates ÷ median. */
  readonly spread: number;
  /** Round by round. */
  readonly rates: readonly number[];
}

/** How many times `base` a case is: the median over the rounds of the ratio inside a round, so that a slow minute hits both. */
export function pairedRatio(rates: readonly number[], base: readonly number[]): number {
  return median(rates.map((rate, round) => rate / (base[round] as number)));
}

/** Runs every case in `rounds` rounds of about `seconds` each. Cases must have verified their results before. */
export function measure(cases: readonly Case[], rounds: number, seconds: number): Measurement[] {
  const rates = new Map<string, number[]>(cases.map(({ name }) => [name, []]));
  // warm-up outside the counted rounds: the engine compiles hot code in the background
  for (const { run, sample } of cases) {
    if (sample !== undefined) continue;
    const until = performance.now() + 60;
    while (performance.now() < until) run();
  }
  for (let round = 0; round < rounds; round++) {
    for (const { name, run, work, sample } of cases) {
      if (sample !== undefined) {
        rates.get(name)?.push(sample());
        continue;
      }
      const benchmark = new Benchmark(name, run, {
        maxTime: seconds,
        minTime: seconds / 4,
        minSamples: 3,
        initCount: 1,
      });
      benchmark.run();
      rates.get(name)?.push((benchmark.hz as number) * work);
    }
  }
  return cases.map(({ name }) => {
    const all = rates.get(name) as number[];
    const rate = median(all);
    return {
      name,
      rate,
      rates: all.map(Math.round),
      spread: median(all.map((value) => Math.abs(value - rate))) / rate,
    };
  });
}

/** What a reader must know to judge a figure. */
export function environment(variant: string): Record<string, string | number> {
  return {
    date: new Date().toISOString(),
    node: process.version,
    v8: process.versions.v8,
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    platform: `${process.platform} ${process.arch}`,
    variant,
  };
}
