// bitcenter convert MODEL --to FORMAT: models for other programs.
import type { NumericArray } from "../../data/matrix.js";
import { BitcenterError } from "../../errors.js";
import { toCHeader } from "../../io/model/c-header.js";
import { toLiblinear } from "../../io/model/liblinear.js";
import { toOnnx } from "../../io/model/onnx.js";
import { toSafetensors } from "../../io/model/safetensors.js";
import { type Estimator, loadModel } from "../../node/model-file.js";
import { checkWritable, writeWhole } from "../../node/write-file.js";
import { type Arguments, choice, UsageError } from "../arguments.js";
import { type Host, OK } from "../command.js";
import { expectedBy, loadRows } from "../load.js";

const FORMATS = ["json", "safetensors", "onnx", "c", "liblinear"] as const;

export async function convert(args: Arguments, host: Host): Promise<number> {
  const [path] = args.operands as [string];
  const to = args.text("to");
  if (to === undefined) throw new UsageError(`convert: --to is missing: ${FORMATS.join(", ")}`);
  const format = choice("convert", "to", to, FORMATS);
  for (const name of ["name", "data"] as const) {
    if (args.text(name) !== undefined && format !== "c") throw new UsageError(`convert: --${name} belongs to --to c`);
  }
  const out = args.text("out");
  const isBinary = format === "safetensors" || format === "onnx";
  if (out === undefined && isBinary && host.stdout.isTTY === true) {
    throw new UsageError(`convert: ${format} is binary: give --out FILE, or pipe it`);
  }
  if (out !== undefined) checkWritable(out);
  const contents = await written(await loadModel(path), format, args);
  if (out === undefined) host.stdout.write(contents);
  else writeWhole(out, contents);
  return OK;
}

async function written(
  model: Estimator,
  format: (typeof FORMATS)[number],
  args: Arguments,
): Promise<string | Uint8Array> {
  switch (format) {
    case "json":
      return `${JSON.stringify(model)}\n`;
    case "safetensors": {
      const { options, report } = JSON.parse(JSON.stringify(model));
      return toSafetensors(model, { options, ...(report && { report }) });
    }
    case "onnx":
      return toOnnx(model);
    case "liblinear":
      return toLiblinear(model);
    case "c":
      return cHeader(model, args);
  }
}

/** Integers need to know the range of every column: rows like those to come show it. */
async function cHeader(model: Estimator, args: Arguments): Promise<string> {
  const path = args.text("data");
  const name = args.text("name");
  if (path === undefined) {
    throw new UsageError(
      "convert: --to c needs --data FILE: rows like those to come, which show the range of every column",
    );
  }
  const { X } = await loadRows(path, args, expectedBy(model));
  if ("indptr" in X) {
    throw new BitcenterError("UNSUPPORTED", `${path}: a C header needs dense rows (CSV, NPY, IDX), given sparse ones`);
  }
  // bytes of pixels or sensors are codes already
  const isBytes = isBytesOf(X.data as NumericArray);
  const codes = isBytes ? ({ codes: "uint8", inputScale: 1 } as const) : {};
  return toCHeader(model, { ...codes, sample: X, ...(name === undefined ? {} : { name }) });
}

function isBytesOf(data: NumericArray): boolean {
  return data instanceof Uint8Array || data instanceof Uint8ClampedArray;
}
