// Our side of the time-to-objective benchmark, one process per competitor: node contestant.js FOLDER bitcenter|lbfgs, or node contestant.js FOLDER twin
// MODULE (see child.ts).
import { readFileSync } from "node:fs";
import { auto, createEngine } from "../bindings/index.js";
import { openSet, type Runner, serve } from "./child.js";
import { denseObjective, minimise, settling, sparseObjective } from "./lbfgs.js";
import { OURS, ROUGH_TWIN, TWIN } from "./objective-results.js";
import type { BenchSet } from "./sets.js";
import { loadTwin } from "./twin/compile.js";
import type { ExactWhen } from "./twin/real-products.js";
import { Twin } from "./twin/twin.js";

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
        if (!trace.point(report.coef, report.objective, report.passes + report.exactPasses)) break;
      }
      engine.dispose();
    },
  };
}

const EXACT_WHEN: Record<ExactWhen, string> = {
  throughout: "float64 sums in margins and gradients of all rows",
  afterwards: "float32 sums to a gap of 1e-6, then float64",
  never: "auto",
};

/** The same steps on the same rows as float32: what is not float32 already becomes so inside the clock, as our codes are made inside ours. */
function twin({ raw, labels, rows, cols, loss, l2, top }: BenchSet, module: WebAssembly.Module): Runner[] {
  return (Object.keys(EXACT_WHEN) as ExactWhen[]).map((when) => ({
    competitor: when === "never" ? ROUGH_TWIN : TWIN,
    setting: EXACT_WHEN[when],
    kind: "path",
    run(trace) {
      trace.scale = top;
      trace.begin();
      const own = new Twin(module, { data: raw, rows, cols }, labels, {
        loss,
        l2: l2 * top * top,
        fitIntercept: false,
      });
      for (const report of own.auto({ tol: TOLERANCE }, when)) {
        if (!trace.point(report.coef, report.objective, report.passes + report.exactPasses)) break;
      }
      own.dispose();
    },
  }));
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
const who = process.argv[3];
if (who === "lbfgs") await serve(folder, "ours", version, plain(set));
else if (who === "twin") await serve(folder, "ours", version, twin(set, loadTwin(process.argv[4] as string)));
else await serve(folder, "ours", version, [ours(set)]);
