// Random numbers of the inner loops: one xorshift32 stream of scalars and eight 16-bit LCG lanes for rounding.
// docs/numerics.md §4. Sharing a lane vector across the columns of one step is free; sharing it across steps is fatal,
// so the lanes advance once per step.

@unmanaged
export abstract class random {
  /** xorshift32 (13, 17, 5); period 2³² − 1, state never 0. */
  @inline
  static next(state: u32): u32 {
    state ^= state << 13;
    state ^= state >> 17;
    return state ^ (state << 5);
  }

  /** floor(draw·n / 2³²): an index below n. */
  @inline
  static index(draw: u32, n: u32): u32 {
    return <u32>((<u64>draw * <u64>n) >> 32);
  }

  /** 24 random bits in [0, 1), exact in float32. */
  @inline
  static uniform(draw: u32): f32 {
    return <f32>(draw >> 8) * <f32>5.9604644775390625e-8;
  }

  /** x·25173 + 13849 mod 2¹⁶ in every lane: full period 65 536. */
  @inline
  static advance(stateI16x8: v128): v128 {
    return i16x8.add(i16x8.mul(stateI16x8, i16x8.splat(25173)), i16x8.splat(13849));
  }

  /**
   * A random order of 0 … count − 1 at `out` (count u32): from the last place down, each exchanged with one drawn from those before it and itself.
   * seed: not 0. See Fisher & Yates; Durstenfeld, CACM 7 (1964) 420, algorithm 235.
   * Or (first > 0) only the exchanges of the places below `first`, down to `end`, in numbers that are there; then seed is the state that the exchanges before have returned.
   */
  static permutation(seed: u32, count: u32, out: usize, first: u32, end: u32): u32 {
    if (!first) for (let i: u32 = 0; i < count; i++) store<u32>(out + ((<usize>i) << 2), i);
    const least = max<u32>(end, 1);
    let state = seed;
    for (let i = first ? first : count; i > least; i--) {
      state = random.next(state);
      const last = out + ((<usize>(i - 1)) << 2);
      const drawn = out + ((<usize>random.index(state, i)) << 2);
      const value = load<u32>(last);
      store<u32>(last, load<u32>(drawn));
      store<u32>(drawn, value);
    }
    return state;
  }

  /** State of outer step `step`: 8 draws discarded, then 8 draws fill the lanes at `lanes`. Returns the scalar state. */
  static seed(seed: u32, step: u32, lanes: usize): u32 {
    let state: u32 = ((seed + step * 0x9e3779b9) * 2654435761) | 1;
    for (let i = 0; i < 8; i++) state = random.next(state);
    for (let i: usize = 0; i < 8; i++) {
      state = random.next(state);
      store<u16>(lanes + (i << 1), <u16>(state >> 16));
    }
    return state;
  }
}
