// Random numbers of docs/numerics.md section 4.
//
//   scalars   one xorshift32 stream (13, 17, 5): rows, coefficient rounding, seeds
//   lanes     eight 16-bit LCGs  x <- x*25173 + 13849 mod 2^16: rounding bits, one vector per step
//
// Everything here is integer arithmetic and exact.

/** One xorshift32 step: the next state, which is also the draw (an unsigned 32-bit integer). */
export function xorshift32(state: number): number {
  let x = state | 0;
  x ^= x << 13;
  x ^= x >>> 17;
  x ^= x << 5;
  return x >>> 0;
}

/** One LCG step of a 16-bit lane. 65535 * 25173 + 13849 < 2^31: no overflow before the mask. */
export function lcg16(lane: number): number {
  return (lane * 25173 + 13849) & 0xffff;
}

/** First xorshift state of outer step k: ((seed + k*0x9E3779B9) * 2654435761 mod 2^32) | 1, never zero. */
export function seedState(seed: number, outerStep: number): number {
  const sum = ((seed >>> 0) + Math.imul(outerStep, 0x9e3779b9)) >>> 0;
  return (Math.imul(sum, 2654435761) | 1) >>> 0;
}

/**
 * floor(draw * count / 2^32), exactly, for draw < 2^32 and count <= 2^32.
 * With draw = 2^16*high + low:  floor((high*count + floor(low*count / 2^16)) / 2^16); every product is below 2^48.
 */
export function scaleDraw(draw: number, count: number): number {
  const high = draw >>> 16;
  const low = draw & 0xffff;
  return Math.floor((high * count + Math.floor((low * count) / 65536)) / 65536);
}

/** (draw >>> 8) * 2^-24: a multiple of 2^-24 in [0, 1), exact in float32. */
export function uniformFromDraw(draw: number): number {
  return (draw >>> 8) * 2 ** -24;
}

/** The random state of one outer step. */
export class RandomStream {
  /** xorshift32 state, unsigned 32 bits, never zero */
  state: number;
  /** the eight 16-bit LCG lanes */
  readonly lanes = new Uint16Array(8);

  /** Seeds for outer step k: state, 8 draws discarded, then one draw per lane (its top 16 bits). */
  constructor(seed: number, outerStep: number) {
    this.state = seedState(seed, outerStep);
    for (let i = 0; i < 8; i++) this.draw();
    for (let i = 0; i < 8; i++) this.lanes[i] = this.draw() >>> 16;
  }

  /** Next unsigned 32-bit scalar. */
  draw(): number {
    this.state = xorshift32(this.state);
    return this.state;
  }

  /** Next index in 0 … count − 1: a row, or the stop of option II. */
  index(count: number): number {
    return scaleDraw(this.draw(), count);
  }

  /** Next uniform in [0, 1) with 24 bits. */
  uniform(): number {
    return uniformFromDraw(this.draw());
  }

  /** All eight lanes advance once. */
  advanceLanes(): void {
    for (let i = 0; i < 8; i++) this.lanes[i] = lcg16(this.lanes[i] ?? 0);
  }
}

/**
 * The order of shuffled planes (section 4): element p is the row at place p. From the last place down, each place is exchanged with one drawn
 * from those before it and itself.
 */
export function permutation(seed: number, count: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  let state = seed;
  for (let last = count - 1; last > 0; last--) {
    state = xorshift32(state);
    const drawn = scaleDraw(state, last + 1);
    [order[last], order[drawn]] = [order[drawn] as number, order[last] as number];
  }
  return order;
}
