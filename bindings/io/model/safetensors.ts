// safetensors: https://github.com/huggingface/safetensors, "Format": u64 length of the header, the header as JSON, then the values of all tensors without
// holes. Ours holds the float64 tensors "coef" (outputs × cols) and "intercept" (outputs); everything else is text in __metadata__, whose values can
// only be strings: numbers, lists and objects are JSON inside them.

import { BitcenterError, show } from "../../errors.js";
import { checkModel } from "../../estimators/check-model.js";
import type { LinearModel } from "../../estimators/linear-model.js";
import {
  checkExtra,
  checkSaved,
  checkVersion,
  float64Bytes,
  MODEL_FORMAT,
  MODEL_VERSION,
  type ModelExtra,
  modelChecksum,
  parseJson,
  plainExtra,
  type SavedModel,
} from "../../estimators/model-json.js";

/** Of the specification. */
const LONGEST_HEADER = 100_000_000;
/** Where the values begin, so that a mapped file can be read as float64 in place. */
const ALIGNMENT = 8;

const METADATA = [
  ...[
    "format",
    "version",
    "estimator",
    "loss",
    "classes",
    "featureNames",
    "firstIndex",
    "options",
    "report",
    "checksum",
  ],
] as const;

interface Tensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/**
 * `model` as a safetensors file. `extra` is kept as far as JSON can hold it.
 * @throws BitcenterError BAD_SHAPE, BAD_VALUE for something that is no fitted model, or extra that JSON cannot hold; UNSUPPORTED for a header over 100 MB
 */
export function toSafetensors(model: LinearModel, extra?: ModelExtra): Uint8Array {
  const checked = checkModel("toSafetensors", model);
  const kept = plainExtra("toSafetensors", extra);
  const { estimator, loss, classes, cols, coef, intercept, featureNames, firstIndex = null } = checked;
  const split = 8 * coef.length;
  const end = split + 8 * intercept.length;
  const metadata = {
    format: MODEL_FORMAT,
    version: String(MODEL_VERSION),
    ...{ estimator, loss },
    ...(classes && { classes: JSON.stringify(classes) }),
    ...(featureNames && { featureNames: JSON.stringify(featureNames) }),
    ...(firstIndex !== null && { firstIndex: String(firstIndex) }),
    ...(kept.options && { options: JSON.stringify(kept.options) }),
    ...(kept.report && { report: JSON.stringify(kept.report) }),
    checksum: modelChecksum({ ...checked, ...kept }),
  };
  const text = JSON.stringify({
    __metadata__: metadata,
    coef: { dtype: "F64", shape: [intercept.length, cols], data_offsets: [0, split] },
    intercept: { dtype: "F64", shape: [intercept.length], data_offsets: [split, end] },
  });
  const header = new TextEncoder().encode(text);
  const length = Math.ceil(header.length / ALIGNMENT) * ALIGNMENT;
  if (length > LONGEST_HEADER) {
    const limit = `safetensors allows ${LONGEST_HEADER}; leave out featureNames or the report`;
    throw new BitcenterError(
      "UNSUPPORTED",
      `toSafetensors: names and options make a header of ${length} bytes, ${limit}`,
    );
  }
  const bytes = new Uint8Array(8 + length + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.fill(0x20, 8, 8 + length); // spaces, as the specification pads
  bytes.set(header, 8);
  bytes.set(float64Bytes(coef), 8 + length);
  bytes.set(float64Bytes(intercept), 8 + length + split);
  return bytes;
}

type Fail = (text: string, code?: "BAD_FILE" | "UNSUPPORTED") => never;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A name that an object of valid JSON `text` has twice, or undefined: JSON.parse keeps the last one without a word. */
function repeatedName(text: string): string | undefined {
  const open: (Set<string> | null)[] = [];
  // a string is a name where a colon follows it
  for (const [token, , colon] of text.matchAll(/("(?:[^"\\]|\\.)*")\s*(:)?|[[\]{}]/g)) {
    if (token === "{" || token === "[") open.push(token === "{" ? new Set() : null);
    else if (token === "}" || token === "]") open.pop();
    else if (colon !== undefined) {
      const name = JSON.parse(token.slice(0, token.lastIndexOf('"') + 1)) as string;
      const names = open.at(-1);
      if (names?.has(name)) return name;
      names?.add(name);
    }
  }
  return undefined;
}

function readHeader(bytes: Uint8Array, fail: Fail): { header: Record<string, unknown>; values: Uint8Array } {
  if (bytes.length < 8) fail(`is too short for a safetensors file: ${bytes.length} bytes`);
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (length > LONGEST_HEADER) fail(`is not a safetensors file: its header would have ${length} bytes`);
  const end = 8 + Number(length);
  if (end > bytes.length) fail(`is truncated: its header has ${length} bytes, the file ${bytes.length}`);
  let text = "";
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.subarray(8, end));
  } catch {
    fail("has a header that is not UTF-8");
  }
  if (text[0] !== "{") fail("is not a safetensors file: its header must begin with {");
  const header = parseJson(text, (reason) => fail(`has a header that ${reason}`)) as Record<string, unknown>;
  const twice = repeatedName(text);
  if (twice !== undefined) fail(`has ${show(twice)} twice in its header`);
  return { header, values: bytes.subarray(end) };
}

/** Tensors of a header, checked to fill `length` bytes without holes or overlaps. */
function readTensors(header: Record<string, unknown>, length: number, fail: Fail): Map<string, Tensor> {
  const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
  const isCounts = (value: unknown): boolean => Array.isArray(value) && value.every(isCount);
  const tensors = Object.entries(header).filter(([name]) => name !== "__metadata__") as [string, Tensor][];
  for (const [name, tensor] of tensors) {
    if (name !== "coef" && name !== "intercept") {
      fail(`has a tensor ${show(name)}; a model has "coef" and "intercept"`);
    }
    const isWhole = isObject(tensor) && isCounts(tensor.shape) && isCounts(tensor.data_offsets);
    if (!isWhole || tensor.data_offsets.length !== 2 || Object.keys(tensor).length !== 3) {
      fail(`tensor ${show(name)} must have dtype, shape and data_offsets`);
    }
    if (tensor.dtype !== "F64") fail(`tensor ${show(name)} must be F64, is ${show(tensor.dtype)}`);
  }
  let end = 0;
  for (const [name, { shape, data_offsets }] of tensors.sort(([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0])) {
    const [from, to] = data_offsets;
    const wanted = shape.reduce((product, size) => product * size, 8);
    if (from !== end || to - from !== wanted) {
      fail(`tensor ${show(name)} lies at ${from} … ${to}, expected ${end} … ${end + wanted} for its shape`);
    }
    end = to;
  }
  if (end !== length) fail(`has ${length} bytes of values, its header says ${end}`);
  return new Map(tensors);
}

/**
 * The model in a safetensors file, ours or one made elsewhere with the same names; `name` is used in errors.
 * Without the metadata `checksum` nothing is compared: who changes the numbers elsewhere leaves it out.
 * @throws BitcenterError BAD_FILE for anything else, damaged or truncated; UNSUPPORTED for a newer version
 */
export function fromSafetensors(bytes: Uint8Array, name = "model.safetensors"): SavedModel {
  const fail: Fail = (text, code = "BAD_FILE") => {
    throw new BitcenterError(code, `${name}: ${text}`);
  };
  if (!(bytes instanceof Uint8Array)) return fail(`must be a Uint8Array, given ${show(bytes)}`);
  const { header, values } = readHeader(bytes, fail);
  const metadata = header["__metadata__"];
  if (!isObject(metadata) || !Object.values(metadata).every((value) => typeof value === "string")) {
    return fail("is no model of bitcenter: its __metadata__ must hold strings");
  }
  const strings = metadata as Record<string, string>;
  checkVersion(
    strings["format"],
    /^\d+$/.test(strings["version"] ?? "") ? Number(strings["version"]) : strings["version"],
    fail,
  );
  const unknown = Object.keys(strings).find((key) => !(METADATA as readonly string[]).includes(key));
  if (unknown !== undefined) fail(`unknown metadata ${show(unknown)}; known: ${METADATA.join(", ")}`);
  const tensors = readTensors(header, values.length, fail);
  const inside = (key: string): unknown => {
    const text = strings[key];
    return text === undefined ? undefined : parseJson(text, (reason) => fail(`metadata ${key} ${reason}`));
  };
  const read = (key: string, dimensions: number): { shape: readonly number[]; numbers: Float64Array } => {
    const tensor = tensors.get(key);
    if (tensor === undefined) return fail(`has no tensor "${key}"`);
    if (tensor.shape.length !== dimensions) {
      fail(`tensor "${key}" must have ${dimensions} dimensions, has ${tensor.shape.length}`);
    }
    const [from, to] = tensor.data_offsets;
    const view = new DataView(values.buffer, values.byteOffset + from, to - from);
    return {
      shape: tensor.shape,
      numbers: Float64Array.from({ length: (to - from) / 8 }, (_, i) => view.getFloat64(8 * i, true)),
    };
  };
  const coef = read("coef", 2);
  const intercept = read("intercept", 1);
  if (coef.shape[0] !== intercept.shape[0]) {
    fail(`"coef" has ${coef.shape[0]} rows, "intercept" ${intercept.shape[0]} numbers`);
  }
  const model = {
    estimator: strings["estimator"] as LinearModel["estimator"],
    loss: strings["loss"] as LinearModel["loss"],
    classes: (inside("classes") ?? null) as LinearModel["classes"],
    cols: coef.shape[1] as number,
    coef: coef.numbers,
    intercept: intercept.numbers,
    featureNames: (inside("featureNames") ?? null) as LinearModel["featureNames"],
    firstIndex: (inside("firstIndex") ?? null) as 0 | 1 | null,
  };
  const extra = checkExtra({ options: inside("options"), report: inside("report") }, fail);
  return checkSaved(name, model, extra, strings["checksum"]);
}
