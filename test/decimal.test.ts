// Decimal numbers from bytes: the same bits as Number(text) for millions of random ones, and no more than the grammar allows.
import { describe, expect, it } from "vitest";
import { DecimalReader, decimalOf } from "../bindings/io/decimal.js";
import { utf8 } from "./support/files.js";
import { Dice } from "./support/random.js";

const COUNT = 2_000_000;
const bits = new DataView(new ArrayBuffer(8));

const digits = (dice: Dice, count: number): string => {
  let text = "";
  for (let i = 0; i < count; i++) text += dice.below(10);
  return text;
};

/** Short ones as files have them, long ones, any float64 printed in several ways, and numbers half way between two float64. */
function randomDecimal(dice: Dice): string {
  const sign = dice.pick(["", "", "-", "+"]);
  const exponent = (most: number): string => `${dice.pick(["e", "E"])}${dice.pick(["", "+", "-"])}${dice.below(most)}`;
  switch (dice.below(8)) {
    case 0:
      return `${sign}${digits(dice, dice.between(1, 6))}`;
    case 1:
    case 2:
      return `${sign}${digits(dice, dice.between(0, 5))}.${digits(dice, dice.between(1, 12))}`;
    case 3:
      return `${sign}${digits(dice, dice.between(1, 20))}.${digits(dice, dice.between(0, 20))}${exponent(40)}`;
    case 4:
      return `${sign}${digits(dice, dice.between(1, 17))}${exponent(340)}`;
    case 5:
    case 6: {
      bits.setUint32(0, dice.bits());
      bits.setUint32(4, dice.bits());
      const value = bits.getFloat64(0);
      if (!Number.isFinite(value)) return "1e308";
      return dice.pick([
        String(value),
        value.toPrecision(17),
        value.toExponential(dice.below(17)),
        value.toPrecision(9),
      ]);
    }
    default:
      // 54 bits, the last one set: a tie
      return `${sign}${(2n ** 53n + BigInt(dice.bits()) * 2n + 1n) << BigInt(dice.below(3))}${dice.pick(["", ".0", "e0", "e-3"])}`;
  }
}

/** The first text on which `read` and Number differ, or null. */
function firstMistake(read: (bytes: Uint8Array) => number, count: number): string | null {
  const dice = new Dice(1);
  for (let i = 0; i < count; i++) {
    const text = randomDecimal(dice);
    if (!Object.is(read(utf8(`${text} `)), Number(text) + 0)) return text;
  }
  return null;
}

describe("decimal numbers", () => {
  const reader = new DecimalReader();

  it(`are Number's, bit for bit: ${COUNT} of them`, () => {
    expect(firstMistake((bytes) => reader.read(bytes, 0), COUNT)).toBeNull();
  });

  it(`of a text as well: ${COUNT / 2} of them`, () => {
    const decode = new TextDecoder();
    expect(firstMistake((bytes) => decimalOf(decode.decode(bytes).trimEnd()), COUNT / 2)).toBeNull();
  });

  it.each<[string, (text: string) => number]>([
    [
      "a quotient by ten times ten",
      (text) => slow(text, (m, e) => (e < 0 ? m / 10 ** -e : m * 10 ** e), Number.POSITIVE_INFINITY, 22),
    ],
    ["powers beyond 10²²", (text) => slow(text, (m, e) => (e < 0 ? m / 10 ** -e : m * 10 ** e), 2 ** 53, 40)],
    ["a product with 10⁻ᵏ", (text) => slow(text, (m, e) => m * Number(`1e${e}`), 2 ** 53, 22)],
    ["one bit less", (text) => Math.fround(Number(text))],
  ])("a reader with a fault is caught: %s", (_, read) => {
    const decode = new TextDecoder();
    expect(firstMistake((bytes) => read(decode.decode(bytes).trim()), 20_000)).not.toBeNull();
  });

  it.each(["", "+", "-", ".", "e5", "1e", "1e+", "+-1", "nan", "inf", "Infinity", "0x10", "1_0", "- 1", "१"])(
    "%j is none",
    (text) => {
      const bytes = utf8(`${text} `);
      const value = reader.read(bytes, 0);
      // either none begins here, or it ends before the text does
      expect(Number.isNaN(value) || reader.end < bytes.length - 1).toBe(true);
      expect(decimalOf(text)).toBeNaN();
    },
  );

  it.each<[string, number]>([
    ["5.", 5],
    [".5", 0.5],
    ["+7", 7],
    ["-0", 0],
    ["-1e-400", 0],
    ["1e400", Number.POSITIVE_INFINITY],
    [`0.${"0".repeat(400)}1e401`, 1],
    ["1e-99999999999999999999", 0],
    ["0e99999999999999999999", 0],
    [`1${"0".repeat(400)}e-400`, 1],
    ["9007199254740993", 9007199254740992],
    ["179769313486231580793e289", Number.POSITIVE_INFINITY],
  ])("%s", (text, value) => {
    expect(reader.read(utf8(`${text}\n`), 0)).toBe(value);
    expect(reader.end).toBe(text.length);
    expect(decimalOf(text)).toBe(value);
  });
});

/** The fast path with other limits, for all that it takes; the rest through Number. */
function slow(
  text: string,
  round: (mantissa: number, exponent: number) => number,
  most: number,
  power: number,
): number {
  const match = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(text) as RegExpExecArray;
  const mantissa = Number(`${match[2]}${match[3]}`);
  const exponent = Number(match[4] ?? 0) - (match[3] ?? "").length;
  if (mantissa >= most || Math.abs(exponent) > power) return Number(text) + 0;
  const value = round(mantissa, exponent);
  return (match[1] === "-" ? -value : value) + 0;
}
