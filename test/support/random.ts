// Seeded numbers for test data. Deliberately not the generator of the engine (test/oracle/random.ts): a test that feeds
// a kernel with its own random numbers can agree with it by accident.

/** sfc32 (PractRand's small fast counter generator): four words of state, passes the usual batteries. */
export class Dice {
  #a: number;
  #b = 0x9e3779b9;
  #c = 0x243f6a88;
  #counter = 1;

  constructor(seed: number) {
    this.#a = seed | 0;
    for (let i = 0; i < 12; i++) this.bits();
  }

  /** 32 random bits, unsigned. */
  bits(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** In [0, 1). */
  uniform(): number {
    return this.bits() / 2 ** 32;
  }

  /** A whole number in 0 … count − 1. */
  below(count: number): number {
    return Math.floor(this.uniform() * count);
  }

  /** A whole number in low … high. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  sign(): number {
    return this.bits() & 1 ? 1 : -1;
  }

  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Heavy tails: no mean, no variance. */
  cauchy(): number {
    return Math.tan(Math.PI * (this.uniform() - 0.5));
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }
}
