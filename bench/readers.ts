// What the readers cost: a LIBSVM stream of 2 GiB that no file holds, and CSV, with the JavaScript heap limited; a9a from its file.
//   npm run bench:readers -- [--megabytes 2048] [--data ../shared/data]
// Run with --max-old-space-size=256 (npm run does): a reader that kept the text, or an object per row, would run out of memory.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readCsv, readLibsvm } from "../bindings/io/index.js";
import { readFile } from "../bindings/node/index.js";
import { Draws } from "../reproduce/random.js";

const { values: options } = parseArgs({
  options: { megabytes: { type: "string", default: "2048" }, data: { type: "string", default: "../shared/data" } },
});

const MEBI = 2 ** 20;
const CHUNK = 65_521;

let peakHeap = 0;

/** `total` bytes of whole lines, out of 16 MiB that are drawn once, in chunks that end anywhere. */
async function* stream(makeLine: () => string, total: number): AsyncGenerator<Uint8Array, void, undefined> {
  const pool = new Uint8Array(16 * MEBI);
  const encoder = new TextEncoder();
  let used = 0;
  for (;;) {
    const line = encoder.encode(makeLine());
    if (used + line.length > pool.length) break;
    pool.set(line, used);
    used += line.length;
  }
  for (let sent = 0; sent < total; sent += used) {
    for (let at = 0; at < used; at += CHUNK) {
      peakHeap = Math.max(peakHeap, process.memoryUsage().heapUsed);
      yield pool.subarray(at, Math.min(at + CHUNK, used));
    }
  }
}

const draws = new Draws(7);
/** About 30 entries of text data: counts in some columns, decimals in others. */
function libsvmLine(): string {
  let line = draws.uniform() < 0.5 ? "-1" : "+1";
  for (
    let index = 1 + Math.floor(draws.uniform() * 3000);
    index < 100_000;
    index += 1 + Math.floor(draws.uniform() * 6000)
  ) {
    line += ` ${index}:${index % 3 === 0 ? Math.floor(draws.uniform() * 9) : draws.uniform().toFixed(4)}`;
  }
  return `${line}\n`;
}

function csvLine(): string {
  const values = Array.from({ length: 20 }, (_, j) =>
    j % 2 === 0 ? Math.floor(draws.uniform() * 256) : draws.uniform().toFixed(3),
  );
  return `${values.join()},${draws.uniform() < 0.5 ? "no" : "yes"}\n`;
}

async function report(name: string, bytes: number, read: () => Promise<string>): Promise<void> {
  peakHeap = 0;
  const started = performance.now();
  const cpu = process.cpuUsage();
  const found = await read();
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const busy = (user + system) / 1e6;
  const heap = peakHeap === 0 ? "" : `, peak heap ${(peakHeap / MEBI).toFixed(0)} MiB`;
  console.log(
    `${name}: ${(bytes / MEBI).toFixed(1)} MiB, ${seconds.toFixed(3)} s, ${(bytes / 1e6 / seconds).toFixed(0)} MB/s (${busy.toFixed(2)} s of CPU: ${(bytes / 1e6 / busy).toFixed(0)} MB/s)${heap}: ${found}`,
  );
}

const total = Number(options.megabytes) * MEBI;
console.log(
  `node ${process.version}, ${process.execArgv.join(" ") || "heap not limited"}; CPU time counts all threads, what draws the text included`,
);

const a9a = join(options.data, "libsvm/a9a.gz");
if (existsSync(a9a)) {
  await report("a9a.gz, first in this process", 2_329_000, async () => {
    const { X } = await readFile(a9a);
    return `${X.rows} × ${X.cols}`;
  });
} else console.log(`${a9a} is not there: skipped`);

await report("LIBSVM", total, async () => {
  const { X } = await readLibsvm(stream(libsvmLine, total));
  const { external } = process.memoryUsage();
  return `${X.rows} × ${X.cols}, ${X.data.length} values as ${X.data.constructor.name}, ${(external / MEBI).toFixed(0)} MiB outside the heap`;
});

await report("CSV", total / 8, async () => {
  const { X, y } = await readCsv(stream(csvLine, total / 8), { label: "last" });
  return `${X.rows} × ${X.cols} as ${(X.data as Float64Array).constructor.name}, labels ${(y as string[])[0]} …`;
});
