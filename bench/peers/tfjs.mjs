// TensorFlow.js as a competitor: node bench/peers/tfjs.mjs FOLDER [--quick] (see bench/child.ts). Needs `npm ci --prefix bench/peers` and build/.
// The backend is ready, and the data lie shuffled in typed arrays, before the clock starts; tensors are made inside.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { openSet, serve } from "../../build/bench/child.js";
import { blockLoss, complete, minimise, settling } from "../../build/bench/lbfgs.js";

const require = createRequire(import.meta.url);
const tf = require("@tensorflow/tfjs-core");
const wasm = require("@tensorflow/tfjs-backend-wasm");
require("@tensorflow/tfjs-backend-cpu");

const { folder, set } = openSet();
const isQuick = process.argv.includes("--quick");
const { rows, cols, outputs, loss, l2 } = set;
const size = outputs * cols;
tf.env().set("PROD", true);
wasm.setThreadsCount(1);
const wasmFolder = dirname(require.resolve("@tensorflow/tfjs-backend-wasm"));
wasm.setWasmPaths(`${join(wasmFolder, "/")}`);

/** cols × outputs, as tensors have it → outputs × cols. */
function toWeights(tensor) {
  const turned = tensor.dataSync();
  const w = new Float64Array(size);
  for (let c = 0; c < outputs; c++) for (let j = 0; j < cols; j++) w[c * cols + j] = turned[j * outputs + c];
  return w;
}

function fromWeights(w) {
  const turned = new Float32Array(size);
  for (let c = 0; c < outputs; c++) for (let j = 0; j < cols; j++) turned[j * outputs + c] = w[c * cols + j];
  return tf.tensor2d(turned, [cols, outputs]);
}

/** rows × outputs: one-hot for softmax. */
function targets(labels) {
  if (loss !== "softmax") return tf.tensor2d(Float32Array.from(labels), [rows, 1]);
  const hot = new Float32Array(rows * outputs);
  labels.forEach((label, i) => {
    hot[i * outputs + label] = 1;
  });
  return tf.tensor2d(hot, [rows, outputs]);
}

/** Mean loss of margins (a scalar tensor), and the derivative for each row (rows × outputs). Functions, not methods: the core has no chained ones. */
function lossOf(margins, y) {
  if (loss === "squared") {
    const error = tf.sub(margins, y);
    return { value: tf.mul(tf.mean(tf.square(error)), 0.5), derivative: error };
  }
  if (loss === "logistic") {
    const t = tf.neg(tf.mul(margins, y));
    const tail = tf.log(tf.add(tf.exp(tf.neg(tf.abs(t))), 1));
    return { value: tf.mean(tf.add(tf.relu(t), tail)), derivative: tf.neg(tf.mul(tf.sigmoid(t), y)) };
  }
  const shifted = tf.sub(margins, tf.max(margins, 1, true));
  const exps = tf.exp(shifted);
  const sums = tf.sum(exps, 1, true);
  const own = tf.sum(tf.mul(shifted, y), 1, true);
  return { value: tf.mean(tf.sub(tf.log(sums), own)), derivative: tf.sub(tf.div(exps, sums), y) };
}

/** Points for the trace until L-BFGS has settled. */
function watch(trace) {
  const isSettled = settling(set.l2);
  return (w, value, gradient) => trace.point(w) && !isSettled(value, gradient);
}

/** Rows per product: what XNNPACK multiplies fastest, and short sums lose less in float32. */
const BLOCK = 4096;
/** Values from which only one layout of the rows is kept. */
const LARGE = 64e6;

/**
 * Products in tensors, losses and sums over blocks in float64 JavaScript. The wasm backend is fast where the left matrix is flat and the right one,
 * which it packs once, stays: so w meets the transposed rows, and the derivatives the rows.
 */
function blocks(backend) {
  return {
    competitor: `TensorFlow.js, ${backend}`,
    setting: `L-BFGS, products of ${BLOCK} rows in tensors, losses in JavaScript`,
    kind: "path",
    async run(trace) {
      await tf.setBackend(backend);
      trace.begin();
      tf.engine().startScope();
      const isLarge = rows * cols > LARGE;
      const parts = [];
      for (let first = 0; first < rows; first += BLOCK) {
        const count = Math.min(BLOCK, rows - first);
        const x = tf.tensor2d(set.values.slice(first * cols, (first + count) * cols), [count, cols]);
        parts.push({ first, count, x, turned: isLarge ? null : tf.transpose(x) });
      }
      const objective = (w, gradient) => {
        gradient.fill(0);
        let total = 0;
        tf.tidy(() => {
          const weights = tf.tensor2d(Float32Array.from(w), [outputs, cols]);
          for (const { first, count, x, turned } of parts) {
            const product =
              turned === null ? tf.transpose(tf.matMul(x, tf.transpose(weights))) : tf.matMul(weights, turned);
            const margins = Float32Array.from(product.dataSync());
            total += blockLoss(set, first, count, margins);
            const sums = tf.matMul(tf.tensor2d(margins, [outputs, count]), x).dataSync();
            for (let k = 0; k < size; k++) gradient[k] += sums[k];
          }
        });
        return complete(set, total, w, gradient);
      };
      const onIterate = watch(trace);
      // float32 products: objectives are good to about seven digits
      minimise(size, objective, { noise: 1e-6, onIterate });
      tf.engine().endScope();
    },
  };
}

/** As one would write it: everything in tensors, all rows at once. */
function lbfgs(backend) {
  return {
    competitor: `TensorFlow.js, ${backend}`,
    setting: "L-BFGS, all rows at once in tensors",
    kind: "path",
    async run(trace) {
      await tf.setBackend(backend);
      trace.begin();
      tf.engine().startScope();
      const x = tf.tensor2d(set.values, [rows, cols]);
      // the wasm backend is fast for products of untransposed matrices only
      const xt = tf.transpose(x);
      const y = targets(set.labels);
      const objective = (w, gradient) =>
        tf.tidy(() => {
          const weights = fromWeights(w);
          const { value, derivative } = lossOf(tf.matMul(x, weights), y);
          const g = toWeights(tf.matMul(xt, derivative));
          let squares = 0;
          for (let k = 0; k < size; k++) {
            gradient[k] = g[k] / rows + l2 * w[k];
            squares += w[k] * w[k];
          }
          return value.dataSync()[0] + 0.5 * l2 * squares;
        });
      const onIterate = watch(trace);
      // float32: objectives are good to about seven digits
      minimise(size, objective, { noise: 1e-6, onIterate });
      tf.engine().endScope();
    },
  };
}

/** Rows in random order: consecutive slices are then fair batches. */
function shuffled() {
  const order = Int32Array.from({ length: rows }, (_, i) => i);
  let state = 1;
  for (let i = rows - 1; i > 0; i--) {
    state = (state * 48271) % 2147483647;
    const j = state % (i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  const values = new Float32Array(rows * cols);
  order.forEach((from, to) => {
    values.set(set.values.subarray(from * cols, (from + 1) * cols), to * cols);
  });
  return { values, labels: Float64Array.from(order, (from) => set.labels[from]) };
}

const EPOCHS = 50;
/** Adam falls slowly below a gap of 1e-3: no need to watch that for minutes. */
const ADAM_SECONDS = 20;

function adam(backend, rate, batch) {
  let data = null;
  return {
    competitor: `TensorFlow.js, ${backend}`,
    setting: `Adam, rate ${rate}, batches of ${batch}, rate falling like 1/√epoch`,
    kind: "path",
    async run(trace) {
      await tf.setBackend(backend);
      data ??= shuffled();
      trace.begin();
      tf.engine().startScope();
      const x = tf.tensor2d(data.values, [rows, cols]);
      const y = targets(data.labels);
      const w = tf.variable(tf.zeros([cols, outputs]));
      const optimizer = tf.train.adam(rate);
      const batches = Math.ceil(rows / batch);
      const every = Math.max(1, Math.floor(batches / 4));
      let isOpen = true;
      const until = performance.now() + 1000 * ADAM_SECONDS;
      for (let epoch = 0; epoch < EPOCHS && isOpen; epoch++) {
        optimizer.learningRate = rate / Math.sqrt(1 + epoch);
        for (let b = 0; b < batches && isOpen; b++) {
          tf.tidy(() => {
            const count = Math.min(batch, rows - b * batch);
            const [xb, yb] = [tf.slice(x, [b * batch, 0], [count, cols]), tf.slice(y, [b * batch, 0], [count, -1])];
            const { derivative } = lossOf(tf.matMul(xb, w), yb);
            const sums = tf.matMul(xb, derivative, true, false);
            const gradient = tf.add(tf.mul(sums, 1 / count), tf.mul(w, l2));
            optimizer.applyGradients({ [w.name]: gradient });
          });
          if ((b + 1) % every === 0) isOpen = trace.point(toWeights(w)) && performance.now() < until;
        }
      }
      optimizer.dispose();
      w.dispose();
      tf.engine().endScope();
    },
  };
}

await tf.setBackend("wasm");
const quick = [blocks("wasm")];
const all = [...quick, lbfgs("wasm"), adam("wasm", 0.01, 256), adam("wasm", 0.05, 2048), blocks("cpu")];
await serve(folder, "tfjs", tf.version_core, isQuick ? quick : all);
