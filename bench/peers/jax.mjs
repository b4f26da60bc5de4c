// jax-js as a competitor: node bench/peers/jax.mjs FOLDER [--quick] (see bench/child.ts). Needs `npm ci --prefix bench/peers` and build/.
// Its wasm backend; Node has no web workers, so it runs on one thread. The device is ready before the clock starts; arrays are made inside.
import { readFileSync } from "node:fs";
import { defaultDevice, init, jit, nn, numpy as np, valueAndGrad } from "@jax-js/jax";
import { openSet, serve } from "../../build/bench/child.js";
import { complete, minimise, settling } from "../../build/bench/lbfgs.js";

const { folder, set } = openSet();
const { rows, cols, outputs, loss } = set;
const size = outputs * cols;
await init("wasm");
defaultDevice("wasm");

/** rows × outputs: one-hot for softmax. */
function targets() {
  const hot = new Float32Array(rows * outputs);
  set.labels.forEach((label, i) => {
    if (loss === "softmax") hot[i * outputs + label] = 1;
    else hot[i] = label;
  });
  return hot;
}

/** Sum of the losses of some rows; w: outputs × cols. Arrays are consumed. */
function sumLoss(w, x, y) {
  const margins = np.matmul(x, np.transpose(w));
  if (loss === "squared") return np.sum(np.square(margins.sub(y))).mul(0.5);
  if (loss === "logistic") return np.sum(nn.softplus(margins.mul(y).mul(-1)));
  return np.sum(nn.logSoftmax(margins, -1).mul(y)).mul(-1);
}

/** The same with its gradient by hand: the derivatives, transposed, meet the rows as they lie. */
function sumLossAndGradient(w, x, y) {
  const margins = np.matmul(x.ref, np.transpose(w));
  let value;
  let derivative;
  if (loss === "squared") {
    derivative = margins.sub(y);
    value = np.sum(np.square(derivative.ref)).mul(0.5);
  } else if (loss === "logistic") {
    const t = margins.mul(y.ref).mul(-1);
    value = np.sum(nn.softplus(t.ref));
    derivative = nn.sigmoid(t).mul(y).mul(-1);
  } else {
    const logs = nn.logSoftmax(margins, -1);
    value = np.sum(logs.ref.mul(y.ref)).mul(-1);
    derivative = np.exp(logs).sub(y);
  }
  return [value, np.matmul(np.transpose(derivative), x)];
}

/** Points for the trace until L-BFGS has settled. */
function watch(trace) {
  const isSettled = settling(set.l2);
  return (w, value, gradient) => trace.point(w) && !isSettled(value, gradient);
}

/** Full batches of `block` rows at a time; sums over blocks are float64. */
function lbfgs(setting, block, makeStep, noise) {
  return {
    competitor: "jax-js, wasm",
    setting,
    kind: "path",
    run(trace) {
      trace.begin();
      const hot = targets();
      const parts = [];
      for (let first = 0; first < rows; first += block) {
        const count = Math.min(block, rows - first);
        parts.push({
          x: np.array(set.values.slice(first * cols, (first + count) * cols)).reshape([count, cols]),
          y: np.array(hot.slice(first * outputs, (first + count) * outputs)).reshape([count, outputs]),
        });
      }
      const step = makeStep();
      const objective = (w, gradient) => {
        gradient.fill(0);
        let total = 0;
        const weights = np.array(Float32Array.from(w)).reshape([outputs, cols]);
        for (const { x, y } of parts) {
          const [value, g] = step(weights.ref, x.ref, y.ref);
          const sums = g.dataSync();
          for (let k = 0; k < size; k++) gradient[k] += sums[k];
          total += value.dataSync()[0];
        }
        weights.dispose();
        return complete(set, total, w, gradient);
      };
      const onIterate = watch(trace);
      minimise(size, objective, { noise, onIterate });
      for (const { x, y } of parts) {
        x.dispose();
        y.dispose();
      }
      step.dispose?.();
    },
  };
}

const quick = [lbfgs("L-BFGS, 4096 rows at once, gradient by hand, jit", 4096, () => jit(sumLossAndGradient), 1e-6)];
const all = [
  ...quick,
  lbfgs("L-BFGS, all rows at once, jit(valueAndGrad)", rows, () => jit(valueAndGrad(sumLoss)), 1e-6),
];
const manifest = new URL("node_modules/@jax-js/jax/package.json", import.meta.url);
await serve(
  folder,
  "jax",
  JSON.parse(readFileSync(manifest, "utf8")).version,
  process.argv.includes("--quick") ? quick : all,
);
