// bitcenter predict MODEL DATA: one line per row.

import { checkWritable, writeWhole } from "../../node/write-file.js";
import type { Arguments } from "../arguments.js";
import { UsageError } from "../arguments.js";
import { type Host, OK } from "../command.js";
import { expectedBy, loadModelOf, loadRows } from "../load.js";

export async function predict(args: Arguments, host: Host): Promise<number> {
  const [modelPath, path] = args.operands as [string, string];
  const out = args.text("out");
  if (out !== undefined) checkWritable(out);
  const model = await loadModelOf(modelPath, args);
  const isProbable = args.has("probabilities");
  if (isProbable && !("predictProba" in model)) {
    throw new UsageError(`predict: --probabilities needs a LogisticRegression, given a ${model.estimator}`);
  }
  const { X } = await loadRows(path, args, expectedBy(model));
  let lines: string[];
  if (isProbable && "predictProba" in model) {
    const probabilities = model.predictProba(X);
    const width = probabilities.length / X.rows;
    lines = Array.from({ length: X.rows }, (_, i) => probabilities.subarray(i * width, (i + 1) * width).join("\t"));
    lines.unshift(model.classes.join("\t"));
  } else lines = Array.from(model.predict(X), String);
  const text = `${lines.join("\n")}\n`;
  if (out === undefined) host.stdout.write(text);
  else writeWhole(out, text);
  return OK;
}
