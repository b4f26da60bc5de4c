// Labels as users have them, numbers or strings, and weights of classes and rows.
import { checkVector, isVector } from "../data/matrix.js";
import type { Work } from "../engine/work.js";
import { BitcenterError, show } from "../errors.js";

export type Label = number | string;
export type LabelsInput = ArrayLike<Label>;

/** A map, an object (its keys are the labels as text) or pairs of label and weight. */
export type ClassWeights =
  | ReadonlyMap<Label, number>
  | Readonly<Record<string, number>>
  | readonly (readonly [Label, number])[];

/** More are targets of a regression by mistake: softmax has no room for them either. */
const MOST_CLASSES = 1024;
const CHUNK = 1 << 15;

/** `values.map(of)`, with pauses. */
export function* mapped(values: Float64Array, of: (value: number, i: number) => number): Work<Float64Array> {
  const all = new Float64Array(values.length);
  for (let i = 0; i < all.length; i++) {
    if (i % CHUNK === CHUNK - 1) yield;
    all[i] = of(values[i] as number, i);
  }
  return all;
}

/** How many rows each class has. */
export function* countsOf(index: Float64Array, classes: number): Work<Float64Array> {
  const counts = new Float64Array(classes);
  for (let i = 0; i < index.length; i++) {
    if (i % CHUNK === CHUNK - 1) yield;
    const k = index[i] as number;
    counts[k] = (counts[k] as number) + 1;
  }
  return counts;
}

export interface EncodedLabels {
  /** One per row: its place in `classes`. */
  readonly index: Float64Array;
  /** Ascending: numbers by size, strings by code units. */
  readonly classes: readonly Label[];
}

export function ascending(labels: Iterable<Label>): Label[] {
  const all = [...labels];
  return typeof all[0] === "number" ? (all as number[]).sort((a, b) => a - b) : all.sort();
}

type Kind = "number" | "string";

const kindOf = (label: unknown): Kind => (typeof label === "string" ? "string" : "number");

/** Throws for a value that is no label, or none of the kind of the others. */
function checkLabel(where: string, value: unknown, kind: Kind): void {
  const isLabel = typeof value === "string" || (typeof value === "number" && Number.isFinite(value));
  if (isLabel && typeof value === kind) return;
  const expected = isLabel ? `a ${kind} like the others` : "a finite number or a string";
  throw new BitcenterError("BAD_VALUE", `${where}: expected ${expected}, given ${show(value)}`);
}

/** Checks the labels of `rows` rows and numbers the classes. `known`: the classes there are; others are an error. */
export function* encodeLabels(
  where: string,
  labels: LabelsInput,
  rows: number,
  known: readonly Label[] | null = null,
): Work<EncodedLabels> {
  checkLength(where, labels, rows);
  const places = new Map<Label, number>(known?.map((label, i) => [label, i]));
  const kind = kindOf(known === null ? labels[0] : known[0]);
  const index = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    const label = labels[i] as Label;
    let place = places.get(label);
    if (place === undefined) {
      checkLabel(`${where}: labels: row ${i}`, label, kind);
      if (known !== null) throw unknownClass(`${where}: labels: row ${i}`, label, known);
      place = places.size;
      places.set(label, place);
      if (places.size > MOST_CLASSES) {
        throw new BitcenterError(
          "BAD_VALUE",
          `${where}: more than ${MOST_CLASSES} distinct labels; are these targets of a regression?`,
        );
      }
    }
    index[i] = place;
    if (i % CHUNK === CHUNK - 1) yield;
  }
  if (known !== null) return { index, classes: known };
  const classes = ascending(places.keys());
  const rank = new Float64Array(classes.length);
  classes.forEach((label, i) => {
    rank[places.get(label) as number] = i;
  });
  for (let first = 0; first < rows; first += CHUNK) {
    const end = Math.min(rows, first + CHUNK);
    for (let i = first; i < end; i++) index[i] = rank[index[i] as number] as number;
    yield;
  }
  return { index, classes };
}

export function unknownClass(where: string, label: unknown, classes: readonly Label[]): BitcenterError {
  const shown = classes.slice(0, 10).map(show).join(", ");
  return new BitcenterError(
    "BAD_VALUE",
    `${where}: unknown class ${show(label)}; known: ${shown}${classes.length > 10 ? ", …" : ""}`,
  );
}

export function checkLength(where: string, labels: unknown, rows: number): void {
  if (!isVector(labels)) {
    throw new BitcenterError("BAD_SHAPE", `${where}: labels must be an array, given ${show(labels)}`);
  }
  if (labels.length !== rows) {
    throw new BitcenterError("BAD_SHAPE", `${where}: ${labels.length} labels for ${rows} rows`);
  }
}

/** Distinct labels a caller gives, checked and ascending. */
export function checkClasses(where: string, classes: unknown): Label[] {
  if (!isVector(classes) || classes.length < 2) {
    const given = isVector(classes) ? `${classes.length}` : show(classes);
    throw new BitcenterError("BAD_OPTION", `${where}: classes must be an array of two labels or more, given ${given}`);
  }
  const all = Array.from(classes) as Label[];
  for (const label of all) checkLabel(`${where}: classes`, label, kindOf(all[0]));
  const distinct = ascending(new Set(all));
  if (distinct.length !== all.length) {
    throw new BitcenterError("BAD_OPTION", `${where}: classes must be distinct, given ${all.map(show).join(", ")}`);
  }
  return distinct;
}

/** Entries of a classWeight option, checked; null for "balanced", undefined for none. */
export function checkClassWeight(where: string, value: unknown): Map<Label, number> | "balanced" | null {
  if (value === undefined || value === null) return null;
  if (value === "balanced") return value;
  let entries: Iterable<readonly [Label, unknown]>;
  if (value instanceof Map) entries = value;
  else if (Array.isArray(value) && value.every((pair) => Array.isArray(pair) && pair.length === 2)) entries = value;
  else if (typeof value === "object" && !isVector(value)) entries = Object.entries(value);
  else {
    throw new BitcenterError(
      "BAD_OPTION",
      `${where}: classWeight must be "balanced", a Map or an object from labels to weights, given ${show(value)}`,
    );
  }
  const weights = new Map<Label, number>();
  for (const [label, weight] of entries) {
    if (typeof weight !== "number" || !Number.isFinite(weight) || weight < 0) {
      throw new BitcenterError(
        "BAD_OPTION",
        `${where}: classWeight of ${show(label)} must be a finite number >= 0, given ${show(weight)}`,
      );
    }
    weights.set(label, weight);
  }
  return weights;
}

/** One weight per class: rows/(classes·count) for "balanced"; 1 where a map names none. A name that is no class is an error. Null: no weights, or no classes. */
export function* weightsOfClasses(
  where: string,
  given: Map<Label, number> | "balanced" | null,
  labels: EncodedLabels | null,
): Work<Float64Array | null> {
  if (given === null || labels === null) return null;
  const { index, classes } = labels;
  const weights = new Float64Array(classes.length).fill(1);
  if (given === "balanced") {
    const counts = yield* countsOf(index, classes.length);
    return counts.map((count) => (count === 0 ? 0 : index.length / (classes.length * count)));
  }
  for (const [name, weight] of given) {
    // keys of objects are text, also where labels are numbers
    const place = classes.findIndex((label) => label === name || (typeof name === "string" && String(label) === name));
    if (place < 0) throw unknownClass(`${where}: classWeight`, name, classes);
    weights[place] = weight;
  }
  return weights;
}

/** Weights of rows: the caller's times those of their classes (byClass; index: the class of each row), null where all are 1. Never the caller's array. */
export function* rowWeights(
  where: string,
  sampleWeight: ArrayLike<number> | undefined,
  byClass: Float64Array | null,
  index: Float64Array | null,
  rows: number,
): Work<Float64Array | null> {
  const weights = sampleWeight === undefined ? null : yield* checkVector(where, "sampleWeight", sampleWeight, rows);
  yield;
  const negative = weights?.findIndex((weight) => weight < 0) ?? -1;
  yield;
  if (negative >= 0) {
    throw new BitcenterError(
      "BAD_VALUE",
      `${where}: sampleWeight: row ${negative}: expected a number >= 0, given ${weights?.[negative]}`,
    );
  }
  if (byClass === null || index === null) return weights;
  return yield* mapped(index, (k, i) => (byClass[k] as number) * (weights?.[i] ?? 1));
}
