// Our side of the time-to-objective benchmark, one process per competitor: node contestant.js FOLDER bitcenter|lbfgs (see child.ts).
import { readFileSync } from "node:fs";
import { auto, createEngine } from "../bindings/index.js";
import { openSet, type Runner, serve } from "./child.js";
import { denseObjective, minimise, settling, sparseObjective } from "./lbfgs.js";
import { OURS } from "./objective-results.js";
import type { BenchSet } from "./sets.js";

const { folder, set } = openSet();

/** The reports' objective gap is what counts; the run just has to go on until the last target is met. */
const TOLERANCE = 1e-5;

function ours({ raw, labels, rows, cols, loss, l2, top }: BenchSet): Runner {
  return {
    competitor: OURS,
    setting: "auto",
    kind: "path",
    run(trace) {
      trace.scale = top;
      trace.begin();
      const engine = createEngine();
      const dataset = engine.dataset({ data: raw, rows, cols }, labels);
      const problem = engine.problem(dataset, { loss, l2: l2 * top * top, fitIntercept: false });
      for (const report of auto(problem, { tol: TOLERANCE })) {
        if (!trace.point(report.coef, report.objective)) break;
      }
      engine.dispose();
    },
  };
}

function plain(of: BenchSet): Runner[] {
  const runner = (setting: string, make: typeof denseObjective): Runner => ({
    competitor: "L-BFGS, plain JavaScript",
    setting,
    kind: "path",
    run(trace) {
      trace.begin();
      const objective = make(of);
      const isSettled = settling(of.l2);
      minimise(of.outputs * of.cols, objective, {
        onIterate: (w, value, gradient) => trace.point(w, value) && !isSettled(value, gradient),
      });
    },
  });
  const dense = runner("float32 rows", denseObjective);
  return of.density < 0.5 ? [runner("nonzeros only, collected inside the clock", sparseObjective), dense] : [dense];
}

const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
await (process.argv[3] === "lbfgs"
  ? serve(folder, "ours", version, plain(set))
  : serve(folder, "ours", version, [ours(set)]));
