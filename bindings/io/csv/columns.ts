// Columns of text: labels, and categories that become columns of 0 and 1.
import { decimalOf } from "../decimal.js";
import { Growing } from "../growing.js";
import { isMissing } from "./dialect.js";

/** Texts that are kept apart from their numbers: beyond that many, labels are numbers or an error. */
const MOST_TEXTS = 2 ** 16;
const MOST_CATEGORIES = 2 ** 16;

/** A text of its own: a part of a longer one would keep all of that in memory. */
const own = (text: string): string => [...text].join("");

/** Says what is wrong with a field. */
export type Fail = (found: string, expected: string) => never;

/** Labels: numbers if all of them are, else the texts as they are written. */
export class LabelColumn {
  readonly #codes = new Growing(Int32Array);
  readonly #codeOf = new Map<string, number>();
  readonly #texts: string[] = [];
  #isNumeric = true;
  /** Not null once there are too many texts to keep them. */
  #numbers: Growing<Float64Array> | null = null;

  push(text: string, fail: Fail): void {
    if (isMissing(text)) fail(text, "a label");
    if (this.#numbers !== null) {
      this.#numbers.push(this.#number(text, fail));
      return;
    }
    let code = this.#codeOf.get(text);
    if (code === undefined) {
      this.#isNumeric &&= Number.isFinite(decimalOf(text));
      if (this.#texts.length === MOST_TEXTS) {
        if (!this.#isNumeric) fail(text, `at most ${MOST_TEXTS} different labels`);
        this.#turn();
        this.push(text, fail);
        return;
      }
      code = this.#texts.length;
      this.#texts.push(own(text));
      this.#codeOf.set(this.#texts[code] as string, code);
    }
    this.#codes.push(code);
  }

  #number(text: string, fail: Fail): number {
    const value = decimalOf(text);
    if (!Number.isFinite(value)) fail(text, "a number as in the rows before");
    return value;
  }

  #turn(): void {
    const values = Float64Array.from(this.#texts, decimalOf);
    this.#numbers = new Growing(Float64Array);
    for (const code of this.#codes.finish()) this.#numbers.push(values[code] as number);
    this.#codeOf.clear();
    this.#texts.length = 0;
  }

  finish(): Float64Array | string[] {
    if (this.#numbers !== null) return this.#numbers.finish();
    const codes = this.#codes.finish();
    if (!this.#isNumeric) return Array.from(codes, (code) => this.#texts[code] as string);
    const values = Float64Array.from(this.#texts, decimalOf);
    return Float64Array.from(codes, (code) => values[code] as number);
  }
}

/** One column of text: a column of 0 and 1 for every category. */
export class CategoryColumn {
  readonly #codes = new Growing(Int32Array);
  readonly #codeOf = new Map<string, number>();
  readonly #isFixed: boolean;

  /** `categories`: those to expect, in their order; null: those that occur, in the order of their UTF-16 codes. */
  constructor(categories: readonly string[] | null) {
    this.#isFixed = categories !== null;
    for (const category of categories ?? []) this.#codeOf.set(category, this.#codeOf.size);
  }

  push(text: string, fail: Fail): void {
    if (isMissing(text)) fail(text, "a category");
    let code = this.#codeOf.get(text);
    if (code === undefined) {
      if (this.#isFixed) fail(text, `one of the ${this.#codeOf.size} categories given`);
      code = this.#codeOf.size;
      if (code === MOST_CATEGORIES) fail(text, `at most ${MOST_CATEGORIES} categories`);
      this.#codeOf.set(own(text), code);
    }
    this.#codes.push(code);
  }

  get width(): number {
    return this.#codeOf.size;
  }

  /** `places[i]`: which of `categories` row i has. */
  finish(): { categories: string[]; places: Int32Array } {
    const found = [...this.#codeOf.keys()];
    const categories = this.#isFixed ? found : found.toSorted((a, b) => (a < b ? -1 : 1));
    const placeOf = new Int32Array(found.length);
    categories.forEach((category, place) => {
      placeOf[this.#codeOf.get(category) as number] = place;
    });
    const places = this.#codes.finish();
    for (let i = 0; i < places.length; i++) places[i] = placeOf[places[i] as number] as number;
    return { categories, places };
  }
}
