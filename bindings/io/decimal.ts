// Decimal numbers, correctly rounded: the same as Number(text), but strict and without a string for most.

/** 10⁰ … 10²², all exact in float64. */
const TENS = Float64Array.from({ length: 23 }, (_, k) => Number(`1e${k}`));
const LARGEST_TEN = 22;

const DOT = 46;
const MINUS = 45;
const PLUS = 43;
const LETTER_E = 101;
const ZERO = 48;
/** Far outside of TENS: the text of such an exponent goes through Number, this only keeps the sum finite. */
const EXPONENT_LIMIT = 1e9;

/**
 * Reads `[+-] digits [. digits] [e [+-] digits]` with at least one digit before the exponent. The bytes must hold, somewhere behind the number, a byte that is no
 * part of one: no bounds are checked.
 */
export class DecimalReader {
  /** Behind the last number; where it began if there was none. */
  end = 0;

  /** NaN if no number begins at `at`; an infinity if it is too large for float64; 0 for -0. */
  read(bytes: Uint8Array, at: number): number {
    let p = at;
    let c = bytes[p] as number;
    const isNegative = c === MINUS;
    if (isNegative || c === PLUS) c = bytes[++p] as number;
    let mantissa = 0;
    let digits = 0;
    while (c >= ZERO && c <= ZERO + 9) {
      mantissa = mantissa * 10 + (c - ZERO);
      digits++;
      c = bytes[++p] as number;
    }
    let exponent = 0;
    if (c === DOT) {
      c = bytes[++p] as number;
      const fraction = p;
      while (c >= ZERO && c <= ZERO + 9) {
        mantissa = mantissa * 10 + (c - ZERO);
        c = bytes[++p] as number;
      }
      exponent = fraction - p;
      digits -= exponent;
    }
    this.end = at;
    if (digits === 0) return Number.NaN;
    if ((c | 32) === LETTER_E) {
      c = bytes[++p] as number;
      const isDown = c === MINUS;
      if (isDown || c === PLUS) c = bytes[++p] as number;
      if (!(c >= ZERO && c <= ZERO + 9)) return Number.NaN;
      let shift = 0;
      while (c >= ZERO && c <= ZERO + 9) {
        if (shift < EXPONENT_LIMIT) shift = shift * 10 + (c - ZERO);
        c = bytes[++p] as number;
      }
      exponent += isDown ? -shift : shift;
    }
    this.end = p;
    // Sums below 2⁵³ are exact (one that is not would round to 2⁵³ or more), powers up to 10²² are, and one operation on exact numbers rounds once.
    let value: number;
    if (mantissa > Number.MAX_SAFE_INTEGER) return Number(ascii(bytes, at, p)) + 0;
    if (mantissa === 0) return 0;
    if (exponent === 0) value = mantissa;
    else if (exponent < 0 && exponent >= -LARGEST_TEN) value = mantissa / (TENS[-exponent] as number);
    else if (exponent > 0 && exponent <= LARGEST_TEN) value = mantissa * (TENS[exponent] as number);
    else return Number(ascii(bytes, at, p)) + 0;
    return isNegative ? -value : value;
  }
}

/** Bytes below 128 as text. */
export function ascii(bytes: Uint8Array, from: number, to: number): string {
  let text = "";
  for (let at = from; at < to; at++) text += String.fromCharCode(bytes[at] as number);
  return text;
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** The number that is all of `text`, by the same rules; NaN if it is none. */
export function decimalOf(text: string): number {
  // digits [. digits], as most are; anything else is looked at twice
  const { length } = text;
  const isNegative = text.charCodeAt(0) === MINUS;
  let mantissa = 0;
  let fraction = -1;
  let p = isNegative ? 1 : 0;
  const first = p;
  for (; p < length; p++) {
    const c = text.charCodeAt(p);
    if (c >= ZERO && c <= ZERO + 9) mantissa = mantissa * 10 + (c - ZERO);
    else if (c === DOT && fraction < 0) fraction = p;
    else break;
  }
  const places = fraction < 0 ? 0 : length - 1 - fraction;
  const digits = length - first - (fraction < 0 ? 0 : 1);
  if (p === length && digits > 0 && mantissa <= Number.MAX_SAFE_INTEGER && places <= LARGEST_TEN) {
    const value = mantissa / (TENS[places] as number);
    return isNegative && value > 0 ? -value : value;
  }
  return DECIMAL.test(text) ? Number(text) + 0 : Number.NaN;
}
