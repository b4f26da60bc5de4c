// Broken model files: seeded damage to good ones. A reader must either refuse with a BitcenterError about the file, or read a model: the very one that was
// written where the format has a checksum, else one that survives being written and read again. No file may make it build an array longer than itself.
import { BitcenterError } from "../../bindings/errors.js";
import {
  fromLiblinear,
  fromSafetensors,
  type LinearModel,
  modelFromJson,
  modelToJson,
  type SavedModel,
  toLiblinear,
  toSafetensors,
} from "../../bindings/io/index.js";
import { anyModel, fingerprint, type ModelChoice } from "../support/models.js";
import { Dice } from "../support/random.js";

export interface Format {
  readonly choice: ModelChoice;
  readonly write: (model: LinearModel) => Uint8Array;
  readonly read: (bytes: Uint8Array) => SavedModel;
  readonly hasChecksum: boolean;
  /** What the damage is done to, where lengths would catch all of it otherwise; the rest of the file is made to fit. */
  readonly part?: (file: Uint8Array, change: (part: Uint8Array) => Uint8Array) => Uint8Array;
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const asText = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
/** Saved beside every model whose format has room for it. */
export const EXTRA = { options: { alpha: 1e-4, solver: "auto" }, report: { passes: 12.5, history: [1, 0.5, null] } };

/** A loss that LIBLINEAR has. */
const FITTING: ModelChoice[] = [
  { estimator: "LogisticRegression", loss: "logistic", labels: "int" },
  { estimator: "LinearSVC", labels: "int" },
  { estimator: "LinearRegression", loss: "squared" },
];

function toTensors(model: LinearModel): Uint8Array {
  return toSafetensors(model, EXTRA);
}

/** Another header for the same values. */
function header(file: Uint8Array, change: (part: Uint8Array) => Uint8Array): Uint8Array {
  const end = 8 + Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const changed = change(file.subarray(8, end));
  const bytes = new Uint8Array(8 + changed.length + file.length - end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(changed.length), true);
  bytes.set(changed, 8);
  bytes.set(file.subarray(end), 8 + changed.length);
  return bytes;
}

function withoutChecksum(model: LinearModel): Uint8Array {
  return header(toTensors(model), (part) => utf8(asText(part).replace(/,"checksum":"[^"]*"/, "")));
}

export const MODEL_FORMATS: Readonly<Record<string, readonly Format[]>> = {
  json: [
    {
      choice: {},
      write: (model) => utf8(JSON.stringify(modelToJson(model, EXTRA))),
      read: (bytes) => modelFromJson(asText(bytes)),
      hasChecksum: true,
    },
  ],
  safetensors: [
    { choice: {}, write: toTensors, read: (bytes) => fromSafetensors(bytes), hasChecksum: true },
    { choice: {}, write: toTensors, read: (bytes) => fromSafetensors(bytes), hasChecksum: true, part: header },
    { choice: {}, write: withoutChecksum, read: (bytes) => fromSafetensors(bytes), hasChecksum: false, part: header },
  ],
  liblinear: FITTING.map((choice) => ({
    choice,
    write: (model) => utf8(toLiblinear(model)),
    read: (bytes) => fromLiblinear(asText(bytes)),
    hasChecksum: false,
  })),
};

/** Bytes that mean something in one format or another. */
const TOKENS = [
  '"',
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  " ",
  "\n",
  "-",
  "0",
  "9",
  "e999",
  "null",
  "w",
  "bias",
  "99999999999",
  "\\",
];

/** One to four damages. */
export function damage(dice: Dice, file: Uint8Array): Uint8Array {
  let bytes = file;
  for (let left = dice.between(1, 4); left > 0; left--) {
    const at = dice.below(bytes.length + 1);
    const head = bytes.subarray(0, at);
    const tail = bytes.subarray(at);
    const join = (...parts: Uint8Array[]): Uint8Array => {
      const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
      let place = 0;
      for (const part of parts) {
        joined.set(part, place);
        place += part.length;
      }
      return joined;
    };
    const kind = dice.below(8);
    if (kind === 0)
      bytes = join(
        head,
        tail.map((byte, i) => (i === 0 ? byte ^ (1 << dice.below(8)) : byte)),
      );
    else if (kind === 1)
      bytes = join(
        head,
        tail.map((byte, i) => (i === 0 ? dice.below(256) : byte)),
      );
    else if (kind === 2) bytes = join(head, Uint8Array.of(dice.below(256)), tail);
    else if (kind === 3) bytes = join(head, tail.subarray(dice.between(1, 8)));
    else if (kind === 4 && dice.below(4) === 0) bytes = head;
    else if (kind === 5) bytes = join(head, tail.subarray(0, dice.between(1, 40)), tail);
    else if (kind === 6) bytes = join(head, utf8(dice.pick(TOKENS)), tail);
    else bytes = join(head, utf8(dice.pick(TOKENS)), tail.subarray(dice.between(1, 4)));
  }
  return bytes;
}

export interface FuzzResult {
  readonly runs: number;
  readonly refused: number;
  readonly read: number;
}

/** Runs `make` while arrays of numbers longer than `limit` are refused. */
function withoutLongArrays<T>(limit: number, make: () => T): T {
  const real = { Float64Array: globalThis.Float64Array, Array: globalThis.Array, Uint8Array: globalThis.Uint8Array };
  const guard = <C extends new (...given: never[]) => object>(type: C): C =>
    new Proxy(type, {
      construct(target, given: unknown[], created) {
        if (typeof given[0] === "number" && given[0] > limit)
          throw new Error(`an array of ${given[0]} from ${limit} bytes`);
        return Reflect.construct(target, given, created) as object;
      },
    });
  Object.assign(globalThis, {
    Float64Array: guard(real.Float64Array),
    Array: guard(real.Array),
    Uint8Array: guard(real.Uint8Array),
  });
  try {
    return make();
  } finally {
    Object.assign(globalThis, real);
  }
}

/** `runs` damaged files of one format of MODEL_FORMATS. Throws at the first that a reader takes wrongly, with the seed and the number of the file. */
export function fuzzModels(name: string, runs: number, seed: number): FuzzResult {
  return fuzzFormats(name, MODEL_FORMATS[name] as readonly Format[], runs, seed);
}

/** The same for any readers. */
export function fuzzFormats(name: string, formats: readonly Format[], runs: number, seed: number): FuzzResult {
  const dice = new Dice(seed);
  let read = 0;
  for (let i = 0; i < runs; i++) {
    const format = dice.pick(formats);
    const model = anyModel(dice, format.choice);
    const good = format.write(model);
    const spoil = (part: Uint8Array): Uint8Array => damage(dice, part);
    const bad = format.part === undefined ? spoil(good) : format.part(good, spoil);
    const complain = (text: string): never => {
      throw new Error(`${name}, seed ${seed}, file ${i}: ${text}\n${JSON.stringify(asText(bad))}`);
    };
    let found: SavedModel;
    try {
      found = withoutLongArrays(bad.length + 256, () => format.read(bad));
    } catch (error) {
      if (!(error instanceof BitcenterError)) return complain(`threw ${error}`);
      if (error.code !== "BAD_FILE" && error.code !== "UNSUPPORTED") complain(`threw ${error.code}: ${error.message}`);
      continue;
    }
    read++;
    if (format.hasChecksum) {
      if (fingerprint(found) !== fingerprint(format.read(good))) complain("was read as another model");
      continue;
    }
    const { options: _options, report: _report, ...first } = found;
    try {
      const { options, report, ...again } = format.read(format.write(found));
      if (fingerprint(again) === fingerprint(first)) continue;
    } catch {}
    complain("was read as a model that does not survive being written");
  }
  return { runs, refused: runs - read, read };
}
