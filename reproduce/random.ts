// Numbers drawn from a seed with + − * / and square roots alone: the same on every engine.

/** ln x, x > 0 and finite: halved or doubled into [2/3, 4/3], then the series of 2·artanh((x − 1)/(x + 1)) up to z²⁷ (z ≤ 1/5: remainder below 1e-20). */
export function logarithm(x: number): number {
  let exponent = 0;
  let mantissa = x;
  while (mantissa > 4 / 3) {
    mantissa /= 2;
    exponent++;
  }
  while (mantissa < 2 / 3) {
    mantissa *= 2;
    exponent--;
  }
  const z = (mantissa - 1) / (mantissa + 1);
  let sum = 0;
  for (let k = 27; k >= 1; k -= 2) sum = sum * z * z + 1 / k;
  return exponent * Math.LN2 + 2 * z * sum;
}

/** eˣ, |x| up to some hundreds: Taylor to y²⁰ for y = x/2ᵏ within ±1 (remainder below 1e-19), squared k times. */
export function exponential(x: number): number {
  let squarings = 0;
  let y = x;
  while (Math.abs(y) > 1) {
    y /= 2;
    squarings++;
  }
  let sum = 1;
  for (let k = 20; k >= 1; k--) sum = 1 + (sum * y) / k;
  for (let k = 0; k < squarings; k++) sum *= sum;
  return sum;
}

/** Draws from sfc32 (a public-domain generator of PractRand). */
export class Draws {
  #a = 0x9e3779b9;
  #b = 0x243f6a88;
  #c: number;
  #count = 1;
  #spare = Number.NaN;

  /** seed: a whole number from 0 to 2³² − 1. */
  constructor(seed: number) {
    this.#c = seed | 0;
    for (let k = 0; k < 12; k++) this.#next();
  }

  #next(): number {
    const t = (this.#a + this.#b + this.#count) | 0;
    this.#count = (this.#count + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + t) | 0;
    return t >>> 0;
  }

  /** In (0, 1). */
  uniform(): number {
    return (this.#next() + 0.5) / 2 ** 32;
  }

  /** Mean 0, variance 1: Marsaglia's polar method. */
  normal(): number {
    const spare = this.#spare;
    if (!Number.isNaN(spare)) {
      this.#spare = Number.NaN;
      return spare;
    }
    for (;;) {
      const [u, v] = [2 * this.uniform() - 1, 2 * this.uniform() - 1];
      const square = u * u + v * v;
      if (square >= 1 || square === 0) continue;
      const factor = Math.sqrt((-2 * logarithm(square)) / square);
      this.#spare = v * factor;
      return u * factor;
    }
  }

  /** Density ½·exp(−|x|). */
  laplace(): number {
    const side = this.uniform() < 0.5 ? -1 : 1;
    return -side * logarithm(this.uniform());
  }

  /** Student's t with three degrees of freedom. */
  t3(): number {
    let square = 0;
    for (let k = 0; k < 3; k++) square += this.normal() ** 2;
    return this.normal() / Math.sqrt(square / 3);
  }

  /** exp of a standard normal number. */
  logNormal(): number {
    return exponential(this.normal());
  }
}
