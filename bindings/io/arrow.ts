// Arrow tables of any library (flechette, apache-arrow), by their methods alone: nothing is imported.
import type { DenseMatrix, NumericArray } from "../data/matrix.js";
import { BitcenterError, show } from "../errors.js";
import { checkNames } from "../options.js";
import { allocate, NarrowValues } from "./growing.js";

/** What is asked of a column. */
export interface ArrowColumn {
  toArray(): ArrayLike<unknown>;
  readonly nullCount?: number;
  readonly type?: unknown;
}

/** What is asked of a table. */
export interface ArrowTable {
  readonly numRows: number;
  readonly schema: { readonly fields: readonly { readonly name: string }[] };
  getChild(name: string): ArrowColumn | null | undefined;
}

export interface ArrowOptions {
  /** Names of the features, in the order wanted; default: all columns but the label. */
  readonly columns?: readonly string[];
  /** Name of the column with the labels; null (default): none. */
  readonly label?: string | null;
}

export interface ArrowData {
  readonly X: DenseMatrix;
  readonly y: Float64Array | string[] | null;
  readonly featureNames: string[];
}

function fail(text: string): never {
  throw new BitcenterError("BAD_VALUE", `fromArrow: ${text}`);
}

/** Arrow's numbers of the types whose arrays hold the values themselves: dictionary, int, float, utf8, bool, large utf8. */
const PLAIN_TYPES = new Set([-1, 2, 3, 5, 6, 20]);
const HALF_PRECISION = 0;

/** The values of a column, one per row, none missing. */
function valuesOf(table: ArrowTable, name: string): ArrayLike<unknown> {
  const column = table.getChild(name);
  if (column === null || column === undefined) {
    const names = table.schema.fields.map((field) => show(field.name)).join(", ");
    throw new BitcenterError("BAD_OPTION", `fromArrow: there is no column ${show(name)}, but ${names}`);
  }
  const { typeId, precision } = (column.type ?? {}) as { typeId?: unknown; precision?: unknown };
  // Decimals, times, lists and half floats come as arrays of something else than their values.
  if ((typeof typeId === "number" && !PLAIN_TYPES.has(typeId)) || (typeId === 3 && precision === HALF_PRECISION)) {
    fail(`column ${show(name)} has Arrow type ${String(column.type)}, expected numbers, booleans or text`);
  }
  if ((column.nullCount ?? 0) > 0) fail(`column ${show(name)} has ${column.nullCount} missing values, expected none`);
  const values = column.toArray();
  if (values.length !== table.numRows) {
    fail(`column ${show(name)} has ${values.length} values for ${table.numRows} rows`);
  }
  return values;
}

function numberAt(name: string, row: number, value: unknown): number {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (typeof value === "boolean") return Number(value);
  if (typeof value === "bigint" && Number.isSafeInteger(Number(value))) return Number(value);
  if (typeof value === "bigint")
    fail(`row ${row}, column ${show(name)}: ${value} is beyond 2⁵³, float64 cannot hold it`);
  return fail(`row ${row}, column ${show(name)}: expected a finite number, given ${show(value)}`);
}

function labelsOf(values: ArrayLike<unknown>, name: string): Float64Array | string[] {
  if (typeof values[0] !== "string") {
    return Float64Array.from(values, (value, row) => numberAt(name, row, value));
  }
  return Array.from(values, (value, row) => {
    if (typeof value !== "string") fail(`row ${row}, column ${show(name)}: expected text, given ${show(value)}`);
    return value;
  });
}

/** In the type that the engine takes and that holds every value. */
function narrow(values: ArrayLike<unknown>, name: string): NumericArray {
  const isTaken =
    values instanceof Uint8Array ||
    values instanceof Int8Array ||
    values instanceof Int16Array ||
    values instanceof Float32Array ||
    values instanceof Float64Array;
  if (isTaken) return values;
  const all = new NarrowValues();
  for (let row = 0; row < values.length; row++) all.push(numberAt(name, row, values[row]));
  return all.finish();
}

/** The narrowest type that holds all of both. */
function join(a: string, b: string): string {
  if (a === b) return a;
  const order = ["Int8Array", "Uint8Array", "Int16Array", "Float32Array", "Float64Array"];
  return order[Math.max(2, order.indexOf(a), order.indexOf(b))] as string;
}

const TYPES: Readonly<Record<string, new (length: number) => NumericArray>> = {
  Int8Array,
  Uint8Array,
  Int16Array,
  Float32Array,
  Float64Array,
};

/**
 * Rows of an Arrow table: columns of numbers or booleans as a dense matrix in the narrowest type that holds all of them, and one column as labels.
 * @throws BitcenterError BAD_VALUE for missing values, text in a feature and integers beyond 2⁵³; BAD_OPTION for a column that is not there
 */
export function fromArrow(table: ArrowTable, options: ArrowOptions = {}): ArrowData {
  checkNames("fromArrow", options, ["columns", "label"]);
  if (typeof table?.getChild !== "function" || !Array.isArray(table.schema?.fields)) {
    throw new BitcenterError("BAD_SHAPE", `fromArrow: expected an Arrow table, given ${show(table)}`);
  }
  const { columns, label = null } = options;
  if (label !== null && typeof label !== "string") {
    throw new BitcenterError("BAD_OPTION", `fromArrow: label must be a column's name or null, given ${show(label)}`);
  }
  if (columns !== undefined && !(Array.isArray(columns) && columns.every((name) => typeof name === "string"))) {
    throw new BitcenterError("BAD_OPTION", `fromArrow: columns must be names, given ${show(columns)}`);
  }
  const featureNames = columns?.slice() ?? table.schema.fields.map(({ name }) => name).filter((name) => name !== label);
  const features = featureNames.map((name) => narrow(valuesOf(table, name), name));
  const y = label === null ? null : labelsOf(valuesOf(table, label), label);
  const [rows, cols] = [table.numRows, features.length];
  const type = features
    .map((values) => values.constructor.name)
    .reduce(join, features[0]?.constructor.name ?? "Uint8Array");
  const data = allocate(TYPES[type] as (typeof TYPES)[string] & { BYTES_PER_ELEMENT: number }, rows * cols);
  features.forEach((values, j) => {
    for (let i = 0; i < rows; i++) data[i * cols + j] = values[i] as number;
  });
  return { X: { data, rows, cols }, y, featureNames };
}
