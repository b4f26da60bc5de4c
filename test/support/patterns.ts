// Named value patterns (ruy's habit): a failing case says which one it was.
import type { Dice } from "./random.js";

/** What a lane may hold. `isWhole`: integers only. */
export interface Range {
  readonly low: number;
  readonly high: number;
  readonly isWhole: boolean;
}

export type PatternName =
  | "random"
  | "min"
  | "max"
  | "alternating"
  | "avoidMin"
  | "zeros"
  | "oneHot"
  | "cauchy"
  | "padded";

const clamp = (value: number, { low, high }: Range): number => Math.min(Math.max(value, low), high);

function random({ low, high, isWhole }: Range, dice: Dice): number {
  return isWhole ? dice.between(low, high) : low + (high - low) * dice.uniform();
}

/** One number of the range as pattern `name` has it at place `i` of `count`. */
const RULES: Readonly<
  Record<PatternName, (i: number, count: number, range: Range, dice: Dice, hot: number) => number>
> = {
  random: (_i, _count, range, dice) => random(range, dice),
  min: (_i, _count, range) => range.low,
  max: (_i, _count, range) => range.high,
  alternating: (i, _count, range) => (i & 1 ? range.low : range.high),
  avoidMin: (_i, _count, range, dice) => {
    const value = random(range, dice);
    return value === range.low ? range.high : value;
  },
  zeros: () => 0,
  oneHot: (i, _count, range, _dice, hot) => (i === hot ? range.high : 0),
  cauchy: (_i, _count, range, dice) => {
    const value = clamp((dice.cauchy() * (range.high - range.low)) / 64, range);
    return range.isWhole ? Math.round(value) : value;
  },
  // a row as the dataset lays it out: the last places are padding and hold zero
  padded: (i, count, range, dice) => (i < count - 31 ? random(range, dice) : 0),
};

export const PATTERNS = Object.keys(RULES) as readonly PatternName[];

export function fill(name: PatternName, count: number, range: Range, dice: Dice): Float64Array {
  const hot = dice.below(count);
  const rule = RULES[name];
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) values[i] = rule(i, count, range, dice, hot);
  return values;
}
