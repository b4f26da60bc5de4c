// safetensors files and Python's library, where it is installed (pip install safetensors numpy; BITCENTER_PYTHON names another Python): it reads ours, and we
// read what it writes.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { fromSafetensors, toSafetensors } from "../bindings/io/index.js";
import { anyModel, fingerprint } from "./support/models.js";
import { Dice } from "./support/random.js";

const python = process.env["BITCENTER_PYTHON"] ?? "python3";
const isThere = spawnSync(python, ["-c", "import safetensors.numpy"]).status === 0;
if (!isThere) console.log("skipped: Python's safetensors is absent (pip install safetensors numpy)");

const folder = mkdtempSync(join(tmpdir(), "bitcenter-safetensors-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Reads every file, says what is in it, and writes it again under another name. */
const SCRIPT = `
import json, sys
from safetensors import safe_open
from safetensors.numpy import save_file
for path in sys.argv[1:]:
    with safe_open(path, "np") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}
        metadata = file.metadata()
    print(json.dumps({
        "coef": tensors["coef"].view("<u8").ravel().astype(str).tolist(),
        "intercept": tensors["intercept"].view("<u8").astype(str).tolist(),
        "shape": tensors["coef"].shape,
        "classes": json.loads(metadata.get("classes", "null")),
        "names": json.loads(metadata.get("featureNames", "null")),
    }))
    save_file(tensors, path + ".again", metadata=metadata)
`;

describe.skipIf(!isThere)("Python's safetensors", () => {
  it("reads 60 random models bit for bit, and what it writes of them is read here", () => {
    const dice = new Dice(61);
    const models = Array.from({ length: 60 }, () => anyModel(dice));
    const paths = models.map((model, i) => {
      const path = join(folder, `${i}.safetensors`);
      writeFileSync(path, toSafetensors(model));
      return path;
    });
    const lines = execFileSync(python, ["-c", SCRIPT, ...paths], { encoding: "utf8" })
      .trim()
      .split("\n");
    const bits = (values: Float64Array): string[] => Array.from(new BigUint64Array(values.slice().buffer), String);
    models.forEach((model, i) => {
      const { coef, intercept, classes, cols, featureNames } = model;
      expect(JSON.parse(lines[i] as string)).toEqual({
        ...{ coef: bits(coef), intercept: bits(intercept), shape: [intercept.length, cols] },
        ...{ classes, names: featureNames },
      });
      expect(fingerprint(fromSafetensors(readFileSync(`${paths[i]}.again`)))).toBe(fingerprint(model));
    });
  });
});
