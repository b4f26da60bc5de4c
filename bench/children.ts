// The driver's side of a competitor: starts its process, gives orders, reads answers (the protocol: child.ts).
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Answer, Hello, Order } from "./child.js";

/** Names that --peers takes. */
export const PEERS = ["native", "tfjs", "jax"] as const;
export type PeerName = (typeof PEERS)[number];

export interface Program {
  readonly command: string;
  readonly args: readonly string[];
}

/** Node with the collector at hand: what one run leaves behind is cleared before the next one's clock. */
export function nodeProgram(script: string, ...args: string[]): Program {
  return { command: process.execPath, args: ["--expose-gc", "--max-old-space-size=4096", script, ...args] };
}

/** A Python that has scikit-learn: $BITCENTER_PYTHON, the one on the path, the system's. */
function findPython(): string | null {
  const candidates = [process.env["BITCENTER_PYTHON"], "python3", "/usr/bin/python3"];
  for (const candidate of candidates) {
    if (candidate === undefined) continue;
    if (spawnSync(candidate, ["-c", "import sklearn"], { stdio: "ignore" }).status === 0) return candidate;
  }
  return null;
}

/** How a peer is started, or why it cannot be. */
export function peerProgram(peer: PeerName, folder: string, isQuick: boolean): Program | string {
  const more = isQuick ? ["--quick"] : [];
  if (peer === "native") {
    const python = findPython();
    if (python === null) return "no python3 with scikit-learn (Debian: apt-get install python3-sklearn liblinear4)";
    return { command: python, args: ["bench/peers/native.py", folder, ...more] };
  }
  const needed = `bench/peers/node_modules/${peer === "tfjs" ? "@tensorflow/tfjs-core" : "@jax-js/jax"}`;
  if (!existsSync(needed)) return `${needed} is absent: npm ci --prefix bench/peers`;
  return nodeProgram(`bench/peers/${peer}.mjs`, folder, ...more);
}

export interface Run {
  readonly points: readonly (Answer["points"][number] & { readonly weights: Float64Array })[];
  readonly claims: readonly number[] | null;
  readonly note: string | null;
}

export class Child {
  readonly hello: Hello;
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #complaints: readonly string[];

  private constructor(child: ChildProcess, lines: AsyncIterator<string>, complaints: readonly string[], hello: Hello) {
    this.#process = child;
    this.#lines = lines;
    this.#complaints = complaints;
    this.hello = hello;
  }

  /** Rejects when the program ends without a greeting; its complaints are the reason. */
  static async start({ command, args }: Program): Promise<Child> {
    const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
    const complaints: string[] = [];
    child.stderr?.on("data", (chunk) => complaints.push(String(chunk)));
    child.on("error", (error) => complaints.push(error.message));
    // a dead child shows as the end of its output
    child.stdin?.on("error", () => {});
    const input = child.stdout as NodeJS.ReadableStream;
    const lines = createInterface({ input })[Symbol.asyncIterator]();
    const { value, done } = await next(lines);
    if (done) throw new Error(`${args.join(" ")} ended at once: ${reasonIn(complaints)}`);
    return new Child(child, lines, complaints, JSON.parse(value) as Hello);
  }

  async run(order: Order): Promise<Run> {
    this.#process.stdin?.write(`${JSON.stringify(order)}\n`);
    const { value, done } = await next(this.#lines);
    if (done) throw new Error(`the process ended: ${reasonIn(this.#complaints)}`);
    const { points, file, claims, note } = JSON.parse(value) as Answer;
    const bytes = readFileSync(file);
    const all = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    const size = points.length === 0 ? 0 : all.length / points.length;
    return {
      points: points.map((point, k) => ({ ...point, weights: all.subarray(k * size, (k + 1) * size) })),
      claims,
      note,
    };
  }

  end(): void {
    this.#process.stdin?.end();
    this.#process.kill();
  }
}

/** The line that names the error among what a dying process wrote. */
function reasonIn(complaints: readonly string[]): string {
  const lines = complaints.join("").split("\n");
  return (lines.find((line) => /^\w*(Error|Exception)\b/.test(line)) ?? lines.at(-2) ?? "no reason given").trim();
}

/** The next line that is meant for us: libraries like to talk on the same channel. */
async function next(lines: AsyncIterator<string>): Promise<IteratorResult<string>> {
  for (;;) {
    const line = await lines.next();
    if (line.done || line.value.startsWith("{")) return line;
  }
}
