// Models that travel: what is written is read again bit for bit; what was changed, cut short or is newer is refused with one sentence.
import { describe, expect, it } from "vitest";
import { BitcenterError } from "../bindings/errors.js";
import {
  fromLiblinear,
  fromSafetensors,
  type LinearModel,
  type ModelJson,
  modelFromJson,
  modelToJson,
  toLiblinear,
  toSafetensors,
} from "../bindings/io/index.js";
import { type Format, EXTRA as FUZZ_EXTRA, fuzzFormats, fuzzModels, MODEL_FORMATS } from "./fuzz/model-files.js";
import { anyFloat, anyModel, fingerprint } from "./support/models.js";
import { Dice } from "./support/random.js";

const EXTRA = {
  options: { alpha: 1e-4, solver: "auto", nested: { list: [1, "two", null] } },
  report: { passes: 12.5 },
};
const IRIS: LinearModel = {
  ...{ estimator: "LogisticRegression", loss: "softmax", classes: ["setosa", "versicolor", "virginica"], cols: 2 },
  coef: Float64Array.of(0.5, -0.25, 1, 2, -1.5, -0),
  intercept: Float64Array.of(1e-3, 0, -1),
  featureNames: ["length", "width"],
};
const PAIR: LinearModel = {
  ...{ estimator: "LinearSVC", loss: "squaredHinge", classes: [-1, 1], cols: 3 },
  coef: Float64Array.of(0.5, -0.25, 1),
  intercept: Float64Array.of(0.125),
  featureNames: null,
};

/** Damaged files per format: BITCENTER_FUZZ sets them (`npm run fuzz`: 100,000). */
const FUZZ_FILES = Number(
  (globalThis as { process?: { env: Record<string, string> } }).process?.env["BITCENTER_FUZZ"] ?? 4000,
);

describe.each(Object.keys(MODEL_FORMATS))("%s", (name) => {
  it("gives back 600 random models, bit for bit", () => {
    const dice = new Dice(11);
    for (let i = 0; i < 600; i++) {
      const { choice, write, read } = dice.pick(MODEL_FORMATS[name] as (typeof MODEL_FORMATS)[string]);
      const model = anyModel(dice, choice);
      const found = read(write(model));
      // names of features have no place in LIBLINEAR's files, nor has the first index
      const expected =
        name === "liblinear" ? { ...model, featureNames: null, firstIndex: null } : { ...model, ...FUZZ_EXTRA };
      expect(fingerprint(found)).toBe(fingerprint(expected));
    }
  });

  it("refuses damaged files, or reads what they still say", () => {
    const { refused, read } = fuzzModels(name, FUZZ_FILES, 2026);
    expect(refused).toBeGreaterThan(1000);
    expect(read).toBeGreaterThan(10); // else the damage is too coarse to reach what lies deep
  });

  it("refuses every beginning of a file", () => {
    const dice = new Dice(5);
    for (const { choice, write, read } of MODEL_FORMATS[name] as (typeof MODEL_FORMATS)[string]) {
      const model = anyModel(dice, { ...choice, cols: 3, float: (of) => of.between(100, 999) });
      const file = write(model);
      // without its last white space a text says the same; the last number of LIBLINEAR's may lose digits unseen, for want of a checksum
      const needed = name === "liblinear" ? new TextDecoder().decode(file).trimEnd().length - 2 : file.length;
      for (let length = 0; length < needed; length++) {
        expect(() => read(file.subarray(0, length))).toThrow(
          expect.objectContaining({ name: "BitcenterError", code: "BAD_FILE" }),
        );
      }
    }
  });
});

describe("readers with a fault are found by damaged files", () => {
  const json = (MODEL_FORMATS["json"] as readonly Format[])[0] as Format;
  const liblinear = (MODEL_FORMATS["liblinear"] as readonly Format[])[0] as Format;
  const parse = (bytes: Uint8Array): ModelJson => {
    try {
      return JSON.parse(new TextDecoder().decode(bytes)) as ModelJson;
    } catch {
      throw new BitcenterError("BAD_FILE", "no JSON");
    }
  };
  const toLines = (bytes: Uint8Array): string[] => new TextDecoder().decode(bytes).split("\n");
  const faults: Readonly<Record<string, Format>> = {
    "one that leaves errors of the language as they are": {
      ...json,
      read: (bytes) => modelFromJson(JSON.parse(new TextDecoder().decode(bytes))),
    },
    "one that believes any checksum": {
      ...json,
      read: (bytes) => {
        const { checksum: _, ...object } = parse(bytes);
        const coef = Float64Array.from((object.coef ?? []) as number[], Number);
        const intercept = Float64Array.from((object.intercept ?? []) as number[], Number);
        let written: ModelJson;
        try {
          written = modelToJson({ ...object, coef, intercept }, object);
        } catch {
          throw new BitcenterError("BAD_FILE", "no model");
        }
        return modelFromJson(written);
      },
    },
    "one that makes room for what a file claims": {
      ...liblinear,
      read: (bytes) => {
        const claimed = toLines(bytes).find((line) => line.startsWith("nr_feature "));
        const count = Number(claimed?.slice(11));
        if (Number.isInteger(count) && count > 0) new Float64Array(count);
        return liblinear.read(bytes);
      },
    },
    "one that forgets a column": {
      ...liblinear,
      read: (bytes) => {
        const found = liblinear.read(bytes);
        return found.cols > 1 ? { ...found, cols: found.cols - 1 } : found;
      },
    },
  };
  it.each(Object.keys(faults))("%s", (name) => {
    expect(() => fuzzFormats(name, [faults[name] as Format], 4000, 5)).toThrow(
      /seed 5, file \d+: (threw SyntaxError|was read as|threw Error: an array of)/,
    );
  });
});

describe("JSON", () => {
  const json = (): Record<string, unknown> => structuredClone({ ...modelToJson(IRIS, EXTRA) });

  it("is what the guide says, −0 included, and survives its text", () => {
    const object = modelToJson(IRIS, EXTRA);
    expect(object).toEqual({
      ...{ format: "bitcenter", version: 1, estimator: "LogisticRegression", loss: "softmax", cols: 2 },
      classes: ["setosa", "versicolor", "virginica"],
      coef: [0.5, -0.25, 1, 2, -1.5, "-0"],
      intercept: [0.001, 0, -1],
      featureNames: ["length", "width"],
      ...EXTRA,
      checksum: expect.stringMatching(/^crc32:[0-9a-f]{8}$/),
    });
    const text = JSON.stringify(object);
    for (const given of [object, text, JSON.parse(text)]) {
      const found = modelFromJson(given);
      expect(fingerprint(found)).toBe(fingerprint({ ...IRIS, ...EXTRA }));
    }
  });

  it("has the checksum of ISO 3309 over the bytes its comment names", () => {
    // recomputed from the definition: a polynomial division bit by bit
    const names = '["bitcenter",1,"LinearSVC","squaredHinge",[-1,1],3,null,{"a":[1,{"b":null,"c":"é"}],"z":true},null]';
    const values = new Uint8Array(Float64Array.of(0.5, -0.25, 1, 0.125).buffer);
    let rest = 0xffffffff;
    for (const byte of [...new TextEncoder().encode(names), ...values]) {
      for (let bit = 0; bit < 8; bit++) {
        const carry = (rest ^ (byte >>> bit)) & 1;
        rest = (rest >>> 1) ^ (carry ? 0xedb88320 : 0);
      }
    }
    const expected = `crc32:${(~rest >>> 0).toString(16).padStart(8, "0")}`;
    expect(modelToJson(PAIR, { options: { z: true, a: [1, { c: "é", b: null }] } }).checksum).toBe(expected);
  });

  it("does not mind white space, the order of keys or how a number is spelt", () => {
    const { coef, ...others } = json();
    const text = JSON.stringify({ ...Object.fromEntries(Object.entries(others).reverse()), coef }, null, 2);
    expect(fingerprint(modelFromJson(text.replace("-0.25", "-25.0E-2")))).toBe(fingerprint({ ...IRIS, ...EXTRA }));
  });

  const edits: readonly [string, (object: Record<string, unknown>) => void, RegExp][] = [
    ["a weight", (o) => (o["coef"] as number[]).splice(1, 1, -0.26), /changed or damaged/],
    ["the last bit of a weight", (o) => (o["coef"] as number[]).splice(0, 1, 0.5000000000000001), /changed or damaged/],
    ["the sign of a zero", (o) => (o["coef"] as number[]).splice(5, 1, 0), /changed or damaged/],
    ["two weights exchanged", (o) => (o["coef"] as number[]).splice(0, 2, -0.25, 0.5), /changed or damaged/],
    ["an intercept", (o) => (o["intercept"] as number[]).splice(1, 1, 0.001), /changed or damaged/],
    ["a class", (o) => (o["classes"] as string[]).splice(0, 1, "setosas"), /changed or damaged/],
    ["a name", (o) => (o["featureNames"] as string[]).reverse(), /changed or damaged/],
    ["no names", (o) => delete o["featureNames"], /changed or damaged/],
    ["a first index", (o) => Object.assign(o, { firstIndex: 1 }), /changed or damaged/],
    ["no such first index", (o) => Object.assign(o, { firstIndex: 2 }), /firstIndex must be null, 0 or 1, given 2/],
    ["an option", (o) => Object.assign(o["options"] as object, { alpha: 1e-3 }), /changed or damaged/],
    ["no report", (o) => delete o["report"], /changed or damaged/],
    ["the checksum", (o) => Object.assign(o, { checksum: "crc32:00000000" }), /changed or damaged/],
    ["no checksum", (o) => delete o["checksum"], /checksum must be a string, given undefined/],
    ["the loss", (o) => Object.assign(o, { loss: "logistic" }), /changed or damaged/],
    [
      "a loss of another estimator",
      (o) => Object.assign(o, { loss: "hinge" }),
      /must be "logistic" or "softmax", given "hinge"/,
    ],
    ["an unknown estimator", (o) => Object.assign(o, { estimator: "toString" }), /estimator must be one of/],
    [
      "a regression with classes",
      (o) => Object.assign(o, { estimator: "LinearRegression", loss: "squared" }),
      /must be null/,
    ],
    ["a weight less", (o) => (o["coef"] as number[]).pop(), /must hold 3 × 2 = 6/],
    ["an intercept more", (o) => (o["intercept"] as number[]).push(0), /intercept must hold 3/],
    ["cols", (o) => Object.assign(o, { cols: 3 }), /must hold 3 × 3 = 9/],
    ["huge cols", (o) => Object.assign(o, { cols: 1e15 }), /must hold/],
    ["half a column", (o) => Object.assign(o, { cols: 1.5 }), /cols must be a whole number/],
    ["a weight as text", (o) => (o["coef"] as unknown[]).splice(2, 1, "1"), /coef\[2\] must be a number, given "1"/],
    [
      "a weight that is null",
      (o) => (o["coef"] as unknown[]).splice(2, 1, null),
      /coef\[2\] must be a number, given null/,
    ],
    ["an infinite weight", (o) => (o["coef"] as unknown[]).splice(2, 1, Infinity), /output 1, column 0 must be finite/],
    ["coef that is no list", (o) => Object.assign(o, { coef: { length: 1e9 } }), /coef must be an array/],
    ["one class", (o) => Object.assign(o, { classes: ["a"] }), /at least two/],
    ["a class twice", (o) => Object.assign(o, { classes: ["a", "b", "b"] }), /must ascend, but "b" comes after "b"/],
    ["classes of two kinds", (o) => Object.assign(o, { classes: ["a", 1, "b"] }), /not both/],
    ["a name too few", (o) => Object.assign(o, { featureNames: ["length"] }), /featureNames must be null or 2 strings/],
    [
      "a name that is a number",
      (o) => Object.assign(o, { featureNames: ["length", 2] }),
      /featureNames must be null or 2/,
    ],
    [
      "options that are a list",
      (o) => Object.assign(o, { options: [1] }),
      /options must be an object, given an array of 1/,
    ],
    ["a field more", (o) => Object.assign(o, { intercpet: [] }), /unknown field "intercpet"/],
    ["another format", (o) => Object.assign(o, { format: "other" }), /not a model of bitcenter.*given "other"/],
    ["no version", (o) => Object.assign(o, { version: "1" }), /version must be a whole number from 1, given "1"/],
  ];
  it.each(edits)("finds %s", (_, edit, sentence) => {
    const object = json();
    edit(object);
    const read = (): unknown => modelFromJson(object, "iris.json");
    expect(read).toThrow(sentence);
    expect(read).toThrow(
      expect.objectContaining({ code: "BAD_FILE", message: expect.stringMatching(/^iris\.json: /) }),
    );
  });

  it("says of a newer version that it is newer", () => {
    const read = (): unknown => modelFromJson({ ...json(), version: 2, coefficients: "elsewhere" });
    expect(read).toThrow(/newer bitcenter: version 2 of the format, this one reads 1/);
    expect(read).toThrow(expect.objectContaining({ code: "UNSUPPORTED" }));
  });

  it.each([
    [undefined, /must be an object, given undefined/],
    [null, /given null/],
    [[], /given an array of 0/],
    ["", /is not JSON, or only a part/],
    ["3", /given 3/],
    ["{}", /not a model of bitcenter/],
    [`${"[".repeat(1e5)}${"]".repeat(1e5)}`, /given an array/],
  ])("refuses what is none, %#", (given, sentence) => {
    expect(() => modelFromJson(given)).toThrow(sentence);
    expect(() => modelFromJson(given)).toThrow(expect.objectContaining({ code: "BAD_FILE" }));
  });

  it("refuses options that are too deep, both ways", () => {
    const deep = JSON.parse(`${'{"a":'.repeat(500)}1${"}".repeat(500)}`);
    expect(() => modelToJson(PAIR, { options: deep })).toThrow(/options cannot be JSON: more than 64/);
    expect(() => modelFromJson({ ...json(), options: deep })).toThrow(/options has more than 64/);
  });

  it("keeps of options what JSON can hold, and says what it cannot", () => {
    const kept = modelFromJson(modelToJson(PAIR, { options: { seed: -0, f: () => 1, u: undefined, nan: Number.NaN } }));
    expect(kept.options).toEqual({ seed: 0, nan: null });
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    expect(() => modelToJson(PAIR, { options: circle })).toThrow(/options cannot be JSON/);
    expect(() => modelToJson(PAIR, { options: { big: 1n } })).toThrow(/options cannot be JSON/);
    expect(() => modelToJson(PAIR, { report: [] as never })).toThrow(/report must be an object/);
  });
});

describe("a model that is none", () => {
  const broken: readonly [string, Partial<Record<keyof LinearModel, unknown>>, RegExp, string][] = [
    ["float32", { coef: new Float32Array(3) }, /float64 numbers, given Float32Array\(3\)/, "BAD_SHAPE"],
    ["NaN", { coef: Float64Array.of(1, Number.NaN, 1) }, /output 0, column 1 must be finite, given NaN/, "BAD_VALUE"],
    ["intercept", { intercept: Float64Array.of(-Infinity) }, /intercept of output 0 must be finite/, "BAD_VALUE"],
    ["order", { classes: [1, -1] }, /must ascend, but -1 comes after 1/, "BAD_VALUE"],
    ["classes", { classes: null }, /classes must be an array, given null/, "BAD_VALUE"],
    ["loss", { loss: "softmax" }, /loss of a LinearSVC must be/, "BAD_VALUE"],
  ];
  const writers = { modelToJson, toSafetensors, toLiblinear };
  it.each(broken)("%s: every writer says so", (_, change, sentence, code) => {
    for (const [name, write] of Object.entries(writers)) {
      expect(() => write({ ...PAIR, ...change } as LinearModel)).toThrow(sentence);
      expect(() => write({ ...PAIR, ...change } as LinearModel)).toThrow(
        expect.objectContaining({ code, message: expect.stringMatching(new RegExp(`^${name}: `)) }),
      );
    }
    expect(() => modelToJson(null as never)).toThrow(/expected a fitted linear model, given null/);
  });

  it("a class −0 is 0", () => {
    expect(modelFromJson(modelToJson({ ...PAIR, classes: [-0, 1] })).classes).toEqual([0, 1]);
  });
});

/** save_file({"coef": [[0.5, -0.25, 1]], "intercept": [0.125]}, metadata = format, version, estimator, loss and classes). */
const BY_PYTHON =
  "+AAAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJjbGFzc2VzIjoiWzAsIDFdIiwidmVyc2lvbiI6IjEiLCJsb3NzIjoibG9naXN0aWMiLCJlc3RpbW" +
  "F0b3IiOiJMb2dpc3RpY1JlZ3Jlc3Npb24iLCJmb3JtYXQiOiJiaXRjZW50ZXIifSwiY29lZiI6eyJkdHlwZSI6IkY2NCIsInNoYXBlIjpbMSwz" +
  "XSwiZGF0YV9vZmZzZXRzIjpbMCwyNF19LCJpbnRlcmNlcHQiOnsiZHR5cGUiOiJGNjQiLCJzaGFwZSI6WzFdLCJkYXRhX29mZnNldHMiOlsyNC" +
  "wzMl19fSAgIAAAAAAAAOA/AAAAAAAA0L8AAAAAAADwPwAAAAAAAMA/";

/** A safetensors file from any header. */
function tensorFile(header: string | object, values: Uint8Array = new Uint8Array(0), length?: bigint): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + values.length);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(values, 8 + text.length);
  return bytes;
}

describe("safetensors", () => {
  const file = toSafetensors(IRIS, EXTRA);
  const headerLength = Number(new DataView(file.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + headerLength)));
  const values = file.subarray(8 + headerLength);

  it("is laid out by the specification", () => {
    expect(headerLength % 8).toBe(0);
    expect(file[8]).toBe(0x7b);
    expect(Object.values(header.__metadata__).every((value) => typeof value === "string")).toBe(true);
    expect(header.coef).toEqual({ dtype: "F64", shape: [3, 2], data_offsets: [0, 48] });
    expect(header.intercept).toEqual({ dtype: "F64", shape: [3], data_offsets: [48, 72] });
    expect(JSON.parse(header.__metadata__.classes)).toEqual(IRIS.classes);
    // an aligned file can be looked at in place
    expect([...new Float64Array(file.buffer, 8 + headerLength, 6)]).toEqual([...IRIS.coef]);
    expect([...new Float64Array(file.buffer, 8 + headerLength + 48)]).toEqual([...IRIS.intercept]);
  });

  it("is read from anywhere in a buffer, and as another writer would lay it out", () => {
    const shifted = new Uint8Array(file.length + 3);
    shifted.set(file, 3);
    expect(fingerprint(fromSafetensors(shifted.subarray(3)))).toBe(fingerprint({ ...IRIS, ...EXTRA }));
    const { __metadata__, coef, intercept } = header;
    const turned = {
      intercept: { ...intercept, data_offsets: [0, 24] },
      coef: { ...coef, data_offsets: [24, 72] },
      __metadata__,
    };
    const moved = tensorFile(turned, Uint8Array.of(...values.subarray(48), ...values.subarray(0, 48)));
    expect(fingerprint(fromSafetensors(moved))).toBe(fingerprint({ ...IRIS, ...EXTRA }));
  });

  it("reads what somebody else made, without a checksum", () => {
    const { checksum, options, report, featureNames, ...needed } = header.__metadata__;
    const made = fromSafetensors(tensorFile({ ...header, __metadata__: needed }, values));
    expect(fingerprint(made)).toBe(fingerprint({ ...IRIS, featureNames: null }));
    const regression = { format: "bitcenter", version: "1", estimator: "LinearRegression", loss: "squared" };
    const tensors = {
      coef: { dtype: "F64", shape: [1, 2], data_offsets: [0, 16] },
      intercept: { dtype: "F64", shape: [1], data_offsets: [16, 24] },
    };
    const read = fromSafetensors(tensorFile({ __metadata__: regression, ...tensors }, values.subarray(0, 24)));
    expect([...read.coef, ...read.intercept]).toEqual([0.5, -0.25, 1]);
    expect(read.classes).toBeNull();
  });

  it("reads a file that Python's safetensors 0.8.0 wrote", () => {
    const file = Uint8Array.from(atob(BY_PYTHON), (letter) => letter.charCodeAt(0));
    const model = fromSafetensors(file);
    expect(model).toMatchObject({ estimator: "LogisticRegression", loss: "logistic", classes: [0, 1], cols: 3 });
    expect([...model.coef, ...model.intercept]).toEqual([0.5, -0.25, 1, 0.125]);
  });

  it("finds every changed byte, or it changed nothing", () => {
    const before = fingerprint({ ...IRIS, ...EXTRA });
    let read = 0;
    for (let i = 0; i < file.length; i++) {
      for (const bit of [1, 4, 32, 128]) {
        const changed = file.map((byte, at) => (at === i ? byte ^ bit : byte));
        try {
          expect(fingerprint(fromSafetensors(changed))).toBe(before);
          read++;
        } catch (error) {
          expect(error).toMatchObject({ name: "BitcenterError" });
        }
      }
    }
    expect(read).toBeLessThan(8); // white space that became other white space, at most
  });

  const meta = header.__metadata__;
  const withTensor = (change: object): object => ({ ...header, coef: { ...header.coef, ...change } });
  it.each<[string, Uint8Array, RegExp]>([
    ["nothing", new Uint8Array(0), /too short for a safetensors file: 0 bytes/],
    ["a header beyond the end", tensorFile("{}", undefined, 3n), /truncated: its header has 3 bytes, the file 10/],
    ["a huge header", tensorFile("{}", undefined, 100_000_001n), /header would have 100000001 bytes/],
    ["the largest length", tensorFile("{}", undefined, 2n ** 64n - 1n), /18446744073709551615 bytes/],
    ["another beginning", tensorFile(" {}"), /must begin with \{/],
    ["half a header", tensorFile('{"a":'), /header that is not JSON/],
    ["no UTF-8", tensorFile("{}").map((byte, i) => (i === 9 ? 0xff : byte)), /not UTF-8/],
    ["no metadata", tensorFile({ coef: header.coef }), /__metadata__ must hold strings/],
    ["metadata with a number", tensorFile({ __metadata__: { ...meta, version: 1 } }), /must hold strings/],
    ["another format", tensorFile({ __metadata__: { format: "pt" } }), /not a model of bitcenter.*given "pt"/],
    ["a newer version", tensorFile({ __metadata__: { ...meta, version: "2" } }), /newer bitcenter: version 2/],
    ["an odd version", tensorFile({ __metadata__: { ...meta, version: "1.0" } }), /whole number from 1, given "1.0"/],
    ["unknown metadata", tensorFile({ __metadata__: { ...meta, clases: "" } }), /unknown metadata "clases"; known/],
    ["a name twice", tensorFile(`{"__metadata__":{},"__metadata__":${JSON.stringify(meta)}}`), /"__metadata__" twice/],
    ["a name twice, escaped", tensorFile('{"coef":{"dtype":"F64","dt\\u0079pe":"F64"}}'), /"dtype" twice/],
    ["another tensor", tensorFile({ ...header, bias: header.coef }, values), /has a tensor "bias"/],
    [
      "a missing tensor",
      tensorFile({ __metadata__: meta, coef: header.coef }, values.subarray(0, 48)),
      /no tensor "intercept"/,
    ],
    ["another type", tensorFile(withTensor({ dtype: "F32" }), values), /must be F64, is "F32"/],
    ["a hole", tensorFile(withTensor({ data_offsets: [8, 56] }), values), /lies at/],
    [
      "an overlap",
      tensorFile(withTensor({ data_offsets: [0, 56], shape: [7, 1] }), values),
      /lies at 48 … 72, expected 56/,
    ],
    ["another shape", tensorFile(withTensor({ shape: [2, 2] }), values), /expected 0 … 32/],
    ["a huge shape", tensorFile(withTensor({ shape: [2 ** 40, 2 ** 40] }), values), /lies at 0 … 48/],
    ["a flat shape", tensorFile(withTensor({ shape: [6] }), values), /must have 2 dimensions, has 1/],
    [
      "a negative offset",
      tensorFile(withTensor({ data_offsets: [-8, 40] }), values),
      /must have dtype, shape and data_offsets/,
    ],
    ["values cut", file.subarray(0, -1), /has 71 bytes of values, its header says 72/],
    ["values too many", tensorFile(header, Uint8Array.of(...values, 0)), /has 73 bytes of values/],
    [
      "NaN",
      tensorFile(
        { ...header },
        values.map((byte, i) => (i === 6 || i === 7 ? 0xff : byte)),
      ),
      /must be finite, given NaN/,
    ],
    [
      "classes that are no JSON",
      tensorFile({ ...header, __metadata__: { ...meta, classes: "a,b" } }, values),
      /metadata classes is not JSON/,
    ],
    [
      "deep options",
      tensorFile(
        { ...header, __metadata__: { ...meta, options: `{"a":${"[".repeat(999)}${"]".repeat(999)}}` } },
        values,
      ),
      /options has more than 64/,
    ],
    [
      "a changed class",
      tensorFile({ ...header, __metadata__: { ...meta, classes: '["a","b","c"]' } }, values),
      /changed or damaged/,
    ],
  ])("%s: one error that names the file", (_, bytes, sentence) => {
    expect(() => fromSafetensors(bytes, "iris.safetensors")).toThrow(sentence);
    expect(() => fromSafetensors(bytes, "iris.safetensors")).toThrow(/^iris\.safetensors: /);
    const code = /newer/.test(sentence.source) ? "UNSUPPORTED" : "BAD_FILE";
    expect(() => fromSafetensors(bytes)).toThrow(expect.objectContaining({ code }));
  });
});

describe("LIBLINEAR", () => {
  const logistic: LinearModel = { ...PAIR, estimator: "LogisticRegression", loss: "logistic" };

  it("is written as save_model does", () => {
    expect(toLiblinear(logistic)).toBe(
      "solver_type L2R_LR\nnr_class 2\nlabel 1 -1\nnr_feature 3\nbias 1\nw\n0.5 \n-0.25 \n1 \n0.125 \n",
    );
    const three: LinearModel = {
      ...{ estimator: "LinearSVC", loss: "hinge", classes: [0, 4, 7], cols: 2, featureNames: null },
      coef: Float64Array.of(0.1, 1e-5, 1e17, -1e16, 1 / 3, 5e-324),
      intercept: new Float64Array(3),
    };
    expect(toLiblinear(three)).toBe(
      "solver_type L2R_L1LOSS_SVC_DUAL\nnr_class 3\nlabel 0 4 7\nnr_feature 2\nbias -1\nw\n" +
        "0.10000000000000001 1e+17 0.33333333333333331 \n1.0000000000000001e-05 -10000000000000000 4.9406564584124654e-324 \n",
    );
    const regression: LinearModel = { ...PAIR, estimator: "LinearRegression", loss: "squared", classes: null };
    expect(toLiblinear(regression)).toBe(
      "solver_type L2R_L2LOSS_SVR\nnr_class 2\nnr_feature 3\nbias 1\nw\n0.5 \n-0.25 \n1 \n0.125 \n",
    );
  });

  it("writes 17 digits that any reader takes for the same float64", () => {
    const dice = new Dice(3);
    const floats = [
      ...Array.from({ length: 3000 }, () => anyFloat(dice)),
      ...Array.from({ length: 3000 }, () => dice.normal()),
    ];
    const model = { ...logistic, cols: floats.length, coef: Float64Array.from(floats), featureNames: null };
    const words = toLiblinear(model).split("\nw\n")[1]?.split(/\s+/) as string[];
    floats.forEach((x, i) => {
      expect(Number(words[i])).toBe(x);
      // C's %g: an exponent of two digits or more from 1e-05 down and 1e+17 up, no trailing zeros
      const isSmall = Math.abs(x) < 1e-4 || Math.abs(x) >= 1e17;
      expect(words[i]).toMatch(isSmall ? /^-?\d(\.\d*[1-9])?e[-+]\d{2,}$/ : /^-?\d+(\.\d*[1-9])?$/);
    });
  });

  it("reads any order of labels", () => {
    const text = toLiblinear(logistic);
    const turned = fromLiblinear(text.replace("label 1 -1", "label -1 1"));
    expect([...turned.coef, ...turned.intercept]).toEqual([-0.5, 0.25, -1, -0.125]);
    expect(turned.classes).toEqual([-1, 1]);
    const three = fromLiblinear(
      "nr_feature 1\nsolver_type L2R_L2LOSS_SVC_DUAL\nnr_class 3 label 7 -2 4 bias 2\r\nw\r\n1 2 3 10 20 30",
    );
    expect(three).toMatchObject({
      estimator: "LinearSVC",
      loss: "squaredHinge",
      classes: [-2, 4, 7],
      featureNames: null,
    });
    expect([...three.coef]).toEqual([2, 3, 1]);
    expect([...three.intercept]).toEqual([40, 60, 20]);
  });

  it.each<[string, LinearModel, RegExp]>([
    [
      "softmax",
      IRIS,
      /loss "softmax" has no solver type: liblinear has no softmax: its logistic models are one class against the rest/,
    ],
    ["huber", { ...PAIR, estimator: "LinearRegression", loss: "huber", classes: null }, /no Huber loss/],
    [
      "names",
      { ...PAIR, classes: ["no", "yes"] },
      /labels must be whole numbers of 32 bits, given "no"; number the classes/,
    ],
    ["halves", { ...PAIR, classes: [0.5, 1] }, /given 0.5/],
    ["large", { ...PAIR, classes: [0, 2 ** 31] }, /given 2147483648/],
  ])("has no place for %s, and says so", (_, model, sentence) => {
    expect(() => toLiblinear(model)).toThrow(sentence);
    expect(() => toLiblinear(model)).toThrow(expect.objectContaining({ code: "UNSUPPORTED" }));
  });

  const good = toLiblinear(logistic);
  it.each<[string, string, RegExp]>([
    ["nothing", "", /line 1: the text ends before "w"/],
    ["another text", "hello", /line 1: unknown key "hello"/],
    ["a name of Object", "toString 1", /unknown key "toString"/],
    ["a key twice", `bias 1\n${good}`, /line 6: "bias" stands here a second time/],
    ["no bias", good.replace("bias 1\n", ""), /line 5: "bias" is missing before "w"/],
    ["no labels", good.replace("label 1 -1\n", ""), /"label" is missing/],
    ["labels too early", `label 1 -1\n${good}`, /line 1: "label" must come after nr_class/],
    ["equal labels", good.replace("label 1 -1", "label 1 1"), /must be distinct/],
    [
      "a label that is no number",
      good.replace("label 1 -1", "label 1 a"),
      /line 3: a label must be a finite number, given "a"/,
    ],
    ["one class", good.replace("nr_class 2", "nr_class 1"), /nr_class must be a whole number from 2, given 1/],
    [
      "two billion classes",
      good.replace("nr_class 2", "nr_class 2000000000"),
      /line 3: the text ends before 2000000000 labels/,
    ],
    [
      "two billion features",
      good.replace("nr_feature 3", "nr_feature 2000000000"),
      /the text ends before 2000000001 × 1 numbers/,
    ],
    [
      "more features than an int",
      good.replace("nr_feature 3", "nr_feature 3000000000"),
      /nr_feature must be a whole number/,
    ],
    [
      "a number too few",
      good.replace("nr_feature 3", "nr_feature 4"),
      /line 11: the text ends where the number of the bias/,
    ],
    [
      "a number too many",
      good.replace("nr_feature 3", "nr_feature 2"),
      /line 10: expected the end after 3 × 1 numbers, found "0.125"/,
    ],
    ["nan", good.replace("-0.25", "nan"), /line 8: the number of feature 2 must be a finite number, given "nan"/],
    ["hexadecimal", good.replace("-0.25", "0x1p3"), /given "0x1p3"/],
    ["infinity", good.replace("-0.25", "1e999"), /given "1e999"/],
    [
      "an overflowing intercept",
      good.replace("bias 1", "bias 1e300").replace("0.125", "1e300"),
      /must be finite, given Infinity/,
    ],
    ["a regression with labels", good.replace("L2R_LR", "L2R_L2LOSS_SVR"), /a regression has nr_class 2 and no labels/],
    ["an unknown type", good.replace("L2R_LR", "L3R_LR"), /line 1: unknown solver_type "L3R_LR"/],
  ])("%s: one error with its line", (_, text, sentence) => {
    expect(() => fromLiblinear(text, "heart.model")).toThrow(sentence);
    expect(() => fromLiblinear(text, "heart.model")).toThrow(/^heart\.model: /);
    expect(() => fromLiblinear(text)).toThrow(expect.objectContaining({ code: "BAD_FILE" }));
  });

  it.each(["MCSVM_CS", "L2R_L1LOSS_SVR_DUAL", "ONECLASS_SVM"])("%s has no estimator here", (type) => {
    const read = (): unknown => fromLiblinear(good.replace("L2R_LR", type));
    expect(read).toThrow(expect.objectContaining({ code: "UNSUPPORTED", message: expect.stringContaining(type) }));
  });
});

it("JSON is for people: a pair of classes and a regression have one row of coef", () => {
  const json: ModelJson = modelToJson(PAIR);
  expect(json.coef).toHaveLength(3);
  expect(json.options).toBeUndefined();
});
