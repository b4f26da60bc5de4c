// A seeded order of rows for folds and validation splits: plain integer arithmetic, the same everywhere.
import type { Work } from "../engine/work.js";

/** Numbers between two pauses. */
const CHUNK = 1 << 16;

/** Random u32 numbers: xorshift32 (Marsaglia 2003) from a hashed seed, so that neighbouring seeds have nothing in common. */
export function stream(seed: number): () => number {
  // the finalizer of MurmurHash3 is a bijection of u32; 0, where xorshift stands still, is replaced
  let state = (seed + 0x9e3779b9) >>> 0;
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  state = (state ^ (state >>> 16)) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** Shuffles in place (Fisher and Yates; Durstenfeld 1964). */
export function* shuffle(values: Uint32Array, random: () => number): Work<void> {
  for (let i = values.length - 1; i > 0; i--) {
    if (i % CHUNK === 0) yield;
    const j = Math.floor((random() / 2 ** 32) * (i + 1));
    const value = values[i] as number;
    values[i] = values[j] as number;
    values[j] = value;
  }
}
