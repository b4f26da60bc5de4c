// bitcenter evaluate MODEL DATA: how good a model is on labelled rows.
import type { Arguments } from "../arguments.js";
import { type Host, OK } from "../command.js";
import { expectedBy, loadLabelled, loadModelOf } from "../load.js";
import { classification, regression } from "../measures.js";
import { shortNumber, textList, textTable } from "../terminal.js";

export async function evaluate(args: Arguments, host: Host): Promise<number> {
  const [modelPath, path] = args.operands as [string, string];
  const model = await loadModelOf(modelPath, args);
  const { X, y } = await loadLabelled(path, args, expectedBy(model));
  const predicted = model.predict(X);
  if (model.classes === null) {
    const facts = { rows: X.rows, ...regression(predicted as Float64Array, y as Float64Array) };
    const shown = [
      ["rows", String(facts.rows)],
      ["rmse", shortNumber(facts.rmse)],
      ["r2", shortNumber(facts.r2)],
    ] as const;
    host.stdout.write(`${args.has("json") ? JSON.stringify(facts) : textList(shown)}\n`);
    return OK;
  }
  const { accuracy, classes, unknownRows } = classification(predicted, y, model.classes);
  if (args.has("json")) host.stdout.write(`${JSON.stringify({ rows: X.rows, accuracy, classes, unknownRows })}\n`);
  else {
    const rows = classes.map(({ label, precision, recall, f1, support }) => [
      label,
      ...[precision, recall, f1].map((part) => part.toFixed(4)),
      String(support),
    ]);
    const table = textTable(["class", "precision", "recall", "F1", "rows"], rows);
    host.stdout.write(
      `${textList([
        ["rows", String(X.rows)],
        ["accuracy", shortNumber(accuracy)],
        ...(unknownRows === 0 ? [] : ([["not a class", `the labels of ${unknownRows} rows: always wrong`]] as const)),
      ])}\n\n${table}\n`,
    );
  }
  return OK;
}
