// A model as JSON: the format the package keeps its own models in. Numbers are decimals, which people and every language can read; JavaScript's shortest
// decimal gives back the same float64. JSON.stringify has no −0, so −0 is the string "-0".
// The checksum is CRC-32 over what the numbers and names mean, not over the text: white space, the order of keys and the spelling of a number may change.
import { BitcenterError, show } from "../errors.js";
import { checkModel } from "./check-model.js";
import type { LinearModel } from "./linear-model.js";

/** What JSON can hold, by its own rules. */
export type JsonObject = { readonly [name: string]: unknown };

/** What is saved beside a model: kept as far as JSON can hold it. */
export interface ModelExtra {
  /** The options it was trained with. */
  readonly options?: object | null;
  /** What training reported. */
  readonly report?: object | null;
}

/** What was saved beside a model, as it is read. */
export type SavedExtra = { readonly options?: JsonObject; readonly report?: JsonObject };

/** A model that was read, with what was saved beside it. */
export interface SavedModel extends LinearModel, SavedExtra {}

/** A finite number; −0 is "-0". */
export type JsonNumber = number | "-0";

// a type and not an interface: it fits where any object of names and values is wanted
export type ModelJson = {
  readonly format: "bitcenter";
  readonly version: 1;
  readonly estimator: LinearModel["estimator"];
  readonly loss: LinearModel["loss"];
  readonly classes: readonly (number | string)[] | null;
  readonly cols: number;
  /** outputs × cols, row-major. */
  readonly coef: readonly JsonNumber[];
  readonly intercept: readonly JsonNumber[];
  readonly featureNames: readonly string[] | null;
  /** Of models of LIBSVM rows. */
  readonly firstIndex?: 0 | 1;
  readonly options?: JsonObject;
  readonly report?: JsonObject;
  /** "crc32:" and eight hexadecimal digits: see `modelChecksum`. */
  readonly checksum: string;
};

export const MODEL_FORMAT = "bitcenter";
/** Raised when a reader of the version before would misunderstand the file. */
export const MODEL_VERSION = 1;

const FIELDS = [
  ...["format", "version", "estimator", "loss", "classes", "cols", "coef", "intercept", "featureNames"],
  ...["firstIndex", "options", "report", "checksum"],
];

/** Values inside values: more than any options have, and far from the end of the stack. */
const DEEPEST = 64;

/** CRC-32 as in ISO 3309, zip and PNG: reflected polynomial 0xedb88320, all ones before and after. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
  return rest;
});

/** The CRC-32 of `bytes`, or of what came before (`crc`) and `bytes`. */
export function crc32(bytes: Uint8Array, crc = 0): number {
  let rest = ~crc;
  for (const byte of bytes) rest = (rest >>> 8) ^ (CRC_TABLE[(rest ^ byte) & 255] as number);
  return ~rest >>> 0;
}

/** Little-endian float64, whatever the machine. */
export function float64Bytes(values: Float64Array): Uint8Array {
  const bytes = new Uint8Array(8 * values.length);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i++) view.setFloat64(8 * i, values[i] as number, true);
  return bytes;
}

/** JSON text without white space and with the names of every object sorted: one text for one meaning. */
function canonical(value: unknown, depth = 0): string {
  if (depth > DEEPEST) throw new BitcenterError("BAD_VALUE", `more than ${DEEPEST} values inside each other`);
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, depth + 1)).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.keys(value).sort();
  const inside = entries.map((name) => `${JSON.stringify(name)}:${canonical((value as JsonObject)[name], depth + 1)}`);
  return `{${inside.join()}}`;
}

/**
 * "crc32:xxxxxxxx" over the UTF-8 text of [format, version, estimator, loss, classes, cols, featureNames, options, report] (no white space, sorted names,
 * null for what is absent; firstIndex after them where there is one), then the little-endian float64 of coef, then of intercept.
 */
export function modelChecksum(model: SavedModel): string {
  const { estimator, loss, classes, cols, featureNames, firstIndex = null, options = null, report = null } = model;
  const names = [MODEL_FORMAT, MODEL_VERSION, estimator, loss, classes, cols, featureNames, options, report];
  if (firstIndex !== null) names.push(firstIndex);
  const crc = [new TextEncoder().encode(canonical(names)), float64Bytes(model.coef), float64Bytes(model.intercept)];
  return `crc32:${crc
    .reduce((sum, bytes) => crc32(bytes, sum), 0)
    .toString(16)
    .padStart(8, "0")}`;
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What JSON keeps of options and report, with the names that were given. */
export function plainExtra(where: string, extra: ModelExtra | undefined): SavedExtra {
  const plain: { options?: JsonObject; report?: JsonObject } = {};
  for (const name of ["options", "report"] as const) {
    const given: unknown = extra?.[name] ?? undefined;
    if (given === undefined) continue;
    let value: unknown;
    try {
      value = JSON.parse(JSON.stringify(given));
      canonical(value);
    } catch (error) {
      throw new BitcenterError("BAD_VALUE", `${where}: ${name} cannot be JSON: ${(error as Error).message}`);
    }
    if (!isObject(value)) {
      throw new BitcenterError("BAD_VALUE", `${where}: ${name} must be an object, given ${show(given)}`);
    }
    plain[name] = value;
  }
  return plain;
}

const decimals = (values: Float64Array): JsonNumber[] => Array.from(values, (x) => (Object.is(x, -0) ? "-0" : x));

/**
 * `model` as a plain object for JSON.stringify; `extra` is kept as far as JSON can hold it.
 * @throws BitcenterError BAD_SHAPE, BAD_VALUE for something that is no fitted model, or extra that JSON cannot hold
 */
export function modelToJson(model: LinearModel, extra?: ModelExtra): ModelJson {
  const checked = checkModel("modelToJson", model);
  const kept = plainExtra("modelToJson", extra);
  const { coef, intercept, firstIndex, ...named } = checked;
  return {
    format: MODEL_FORMAT,
    version: MODEL_VERSION,
    ...named,
    ...((firstIndex === 0 || firstIndex === 1) && { firstIndex }),
    ...kept,
    coef: decimals(coef),
    intercept: decimals(intercept),
    checksum: modelChecksum({ ...checked, ...kept }),
  };
}

type Fail = (text: string, code?: "BAD_FILE" | "UNSUPPORTED") => never;

/** Whether format and version are ours, of any container. */
export function checkVersion(format: unknown, version: unknown, fail: Fail): void {
  if (format !== MODEL_FORMAT)
    fail(`is not a model of bitcenter: format must be "${MODEL_FORMAT}", given ${show(format)}`);
  if (!Number.isSafeInteger(version) || (version as number) < 1) {
    fail(`version must be a whole number from 1, given ${show(version)}`);
  }
  if ((version as number) > MODEL_VERSION) {
    const text = `was written by a newer bitcenter: version ${version} of the format, this one reads ${MODEL_VERSION}`;
    fail(text, "UNSUPPORTED");
  }
}

/** The checked model with its extra, or a complaint about the checksum. `checksum` undefined: there was none to compare with. */
export function checkSaved(where: string, model: LinearModel, extra: SavedExtra, checksum: unknown): SavedModel {
  const saved = { ...checkModel(where, model, "BAD_FILE"), ...extra };
  const found = modelChecksum(saved);
  if (checksum !== undefined && checksum !== found) {
    const text = `was changed or damaged: its contents have the checksum ${found}, it says ${show(checksum)}`;
    throw new BitcenterError("BAD_FILE", `${where}: ${text}`);
  }
  return saved;
}

/** Options and report of a file: objects, or absent. */
export function checkExtra(given: JsonObject, fail: Fail): SavedExtra {
  const extra: { options?: JsonObject; report?: JsonObject } = {};
  for (const name of ["options", "report"] as const) {
    const value = given[name];
    if (value === undefined) continue;
    if (!isObject(value)) return fail(`${name} must be an object, given ${show(value)}`);
    try {
      canonical(value);
    } catch (error) {
      fail(`${name} has ${(error as Error).message}`);
    }
    extra[name] = value;
  }
  return extra;
}

function numbers(name: string, given: unknown, fail: Fail): Float64Array {
  if (!Array.isArray(given)) return fail(`${name} must be an array of numbers, given ${show(given)}`);
  const values = new Float64Array(given.length);
  for (let i = 0; i < values.length; i++) {
    const value: unknown = given[i];
    if (typeof value !== "number" && value !== "-0") fail(`${name}[${i}] must be a number, given ${show(value)}`);
    values[i] = Number(value);
  }
  return values;
}

/** `text` as JSON. */
export function parseJson(text: string, fail: Fail): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return fail(`is not JSON, or only a part of it: ${(error as Error).message.replace(/\s+/g, " ")}`);
  }
}

/**
 * The model in `value`: the object of `modelToJson`, or its text. `name` is used in errors.
 * @throws BitcenterError BAD_FILE for anything else, also where a number or a name was changed; UNSUPPORTED for a newer version
 */
export function modelFromJson(value: unknown, name = "model"): SavedModel {
  const fail: Fail = (text, code = "BAD_FILE") => {
    throw new BitcenterError(code, `${name}: ${text}`);
  };
  const given = typeof value === "string" ? parseJson(value, fail) : value;
  if (!isObject(given)) return fail(`must be an object, given ${show(given)}`);
  checkVersion(given["format"], given["version"], fail);
  const unknown = Object.keys(given).find((field) => !FIELDS.includes(field));
  if (unknown !== undefined) fail(`unknown field ${show(unknown)}`);
  if (typeof given["checksum"] !== "string") fail(`checksum must be a string, given ${show(given["checksum"])}`);
  const model = {
    ...(given as unknown as ModelJson),
    coef: numbers("coef", given["coef"], fail),
    intercept: numbers("intercept", given["intercept"], fail),
    featureNames: (given["featureNames"] ?? null) as LinearModel["featureNames"],
  };
  return checkSaved(name, model, checkExtra(given, fail), given["checksum"]);
}
