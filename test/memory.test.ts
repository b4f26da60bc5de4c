// The arena and what hangs on it: nothing overlaps, nothing leaks, growth and failure disturb nobody, engines do not see each other.
import { afterEach, describe, expect, it, test } from "vitest";
import { Arena, LARGEST_MEMORY, showBytes } from "../bindings/engine/arena.js";
import { Core, Scope } from "../bindings/engine/core.js";
import {
  type BitcenterError,
  createEngine,
  type Dataset,
  type Engine,
  halp,
  type LossName,
  lpSgd,
  lpSvrg,
  type Problem,
  type StepReport,
  sgd,
  svrg,
} from "../bindings/index.js";
import { Dice } from "./support/random.js";
import { VARIANTS } from "./support/variants.js";

const PAGE = 65_536;
const GIB = 2 ** 30;

function arenaOf(
  pages: number,
  maximum: number,
  maxBytes = Number.POSITIVE_INFINITY,
  base = 1000,
): [Arena, WebAssembly.Memory] {
  const memory = new WebAssembly.Memory({ initial: pages, maximum });
  return [new Arena(memory, base, maxBytes), memory];
}

function failure(work: () => unknown): BitcenterError {
  try {
    work();
  } catch (error) {
    return error as BitcenterError;
  }
  throw new Error("expected a failure");
}

describe("the arena", () => {
  it("hands out blocks of 64-byte alignment above its base", () => {
    for (const base of [0, 1, 63, 64, 65, 1000]) {
      const [arena] = arenaOf(1, 4, undefined, base);
      for (const bytes of [0, 1, 63, 64, 65, 1000]) {
        const start = arena.alloc(bytes, "a block");
        expect(start % 64).toBe(0);
        expect(start).toBeGreaterThanOrEqual(base);
      }
    }
  });

  it("fills a block with zeros, also when its bytes were used before", () => {
    const [arena, memory] = arenaOf(1, 4);
    const first = arena.alloc(1000, "a block");
    new Uint8Array(memory.buffer, first, 1024).fill(0xff);
    arena.free(first);
    const second = arena.alloc(900, "a block");
    expect(second).toBe(first);
    expect(new Uint8Array(memory.buffer, second, 960).every((byte) => byte === 0)).toBe(true);
  });

  it("fills what was handed out before and no more: fresh memory is zero as it comes", () => {
    const [arena, memory] = arenaOf(1, 16);
    const first = arena.alloc(3 * PAGE, "a block");
    new Uint8Array(memory.buffer, first, 3 * PAGE).fill(0xff);
    arena.free(first);
    // partly used before, partly fresh; then wholly used, behind a block that was cut off its front
    const second = arena.alloc(5 * PAGE, "a block");
    expect(second).toBe(first);
    const bytes = new Uint8Array(memory.buffer, second, 5 * PAGE);
    expect(bytes.every((byte) => byte === 0)).toBe(true);
    bytes.fill(0xff);
    arena.free(second);
    arena.alloc(PAGE, "a block");
    const third = arena.alloc(2 * PAGE, "a block");
    expect(new Uint8Array(memory.buffer, third, 2 * PAGE).every((byte) => byte === 0)).toBe(true);
  });

  it.each([
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ])("coalesces three neighbours freed in the order %d %d %d", (...order) => {
    const [arena, memory] = arenaOf(1, 1);
    const whole = Math.floor((PAGE - 1024) / 64) * 64;
    const third = Math.floor(whole / 192) * 64;
    const sizes = [third, third, whole - 2 * third];
    const blocks = sizes.map((bytes) => arena.alloc(bytes, "a third"));
    for (const index of order) arena.free(blocks[index] as number);
    expect(arena.used).toBe(0);
    // one block again, without growth: the memory cannot grow
    expect(arena.alloc(whole, "the whole")).toBe(blocks[0]);
    expect(memory.buffer.byteLength).toBe(PAGE);
  });

  it("uses the first gap that is large enough", () => {
    const [arena] = arenaOf(1, 1);
    const blocks = Array.from({ length: 6 }, (_, i) => arena.alloc(i === 1 ? 64 : 640, "a block"));
    for (const i of [1, 3]) arena.free(blocks[i] as number);
    expect(arena.alloc(128, "a block")).toBe(blocks[3]);
    expect(arena.alloc(64, "a block")).toBe(blocks[1]);
  });

  it("ignores addresses it never gave out, and a second free", () => {
    const [arena] = arenaOf(1, 1);
    const block = arena.alloc(100, "a block");
    arena.free(0);
    arena.free(block + 64);
    expect(arena.used).toBe(128);
    arena.free(block);
    arena.free(block);
    expect(arena.used).toBe(0);
    expect(arena.alloc(100, "a block")).toBe(block);
    expect(arena.alloc(100, "a block")).toBe(block + 128);
  });

  it("grows by what is missing behind the last gap, and keeps all contents", () => {
    const [arena, memory] = arenaOf(1, 16);
    const first = arena.alloc(50_000, "a block");
    const written = new Uint8Array(memory.buffer, first, 50_000);
    for (let i = 0; i < written.length; i++) written[i] = (i * 31) & 255;
    const second = arena.alloc(60_000, "a block");
    expect(memory.buffer.byteLength).toBe(2 * PAGE);
    expect(written.length).toBe(0); // growth has detached the old view
    const now = new Uint8Array(memory.buffer, first, 50_000);
    expect(now.every((byte, i) => byte === ((i * 31) & 255))).toBe(true);
    expect(second).toBe(first + Math.ceil(50_000 / 64) * 64);
  });

  it("says what was wanted, what is used and what is allowed, and stays usable", () => {
    const [arena, memory] = arenaOf(1, 100, 4 * PAGE);
    const kept = arena.alloc(100_000, "a block");
    const error = failure(() => arena.alloc(200_000, "a 500 × 400 dataset"));
    expect(error.name).toBe("BitcenterError");
    expect(error.code).toBe("OUT_OF_MEMORY");
    expect(error.message).toBe(
      `out of memory: a 500 × 400 dataset needs ${showBytes(200_000)}, ${showBytes(100_032)} are in use, ` +
        `the engine may have ${showBytes(4 * PAGE)} in all`,
    );
    expect(arena.used).toBe(100_032);
    expect(memory.buffer.byteLength).toBe(2 * PAGE);
    const more = arena.alloc(150_000, "a block");
    expect(memory.buffer.byteLength).toBe(4 * PAGE);
    arena.free(kept);
    arena.free(more);
    expect(arena.used).toBe(0);
    arena.alloc(200_000, "what failed before");
  });

  it.each([1000, 4096, 65_535, 65_536, 65_537, 100_000, 131_072])("keeps every block below %d bytes", (maxBytes) => {
    const [arena, memory] = arenaOf(1, 100, maxBytes);
    const blocks: number[] = [];
    const error = failure(() => {
      for (;;) blocks.push(arena.alloc(64, "a block"));
    });
    expect(error.code).toBe("OUT_OF_MEMORY");
    for (const block of blocks) expect(block + 64).toBeLessThanOrEqual(maxBytes);
    expect(memory.buffer.byteLength).toBeLessThanOrEqual(Math.max(65_536, maxBytes));
    // the smallest maxBytes leaves nothing above the base; the others whole pages, or what the first one holds
    const usable = Math.max(Math.min(maxBytes, 65_536), Math.floor(maxBytes / 65_536) * 65_536) - 1024;
    expect(blocks.length).toBe(Math.max(0, Math.floor(usable / 64)));
    for (const block of blocks) arena.free(block);
    expect(arena.used).toBe(0);
  });

  it("tells when it was the host that refused", () => {
    const [arena, memory] = arenaOf(1, 2);
    const error = failure(() => arena.alloc(300_000, "a block"));
    expect(error.code).toBe("OUT_OF_MEMORY");
    expect(error.message).toMatch(/ but the host refused to grow its memory$/);
    expect(memory.buffer.byteLength).toBe(PAGE);
    expect(arena.alloc(100_000, "a smaller block")).toBeGreaterThan(0);
  });

  it("refuses 5 GiB at once, and never asks for the last page", () => {
    const [arena, memory] = arenaOf(1, 65_536);
    const started = performance.now();
    for (const bytes of [5 * GIB, 4 * GIB, LARGEST_MEMORY, 2 ** 53, Number.POSITIVE_INFINITY]) {
      const error = failure(() => arena.alloc(bytes, "a dataset"));
      expect(error.code).toBe("OUT_OF_MEMORY");
      if (bytes === 5 * GIB) expect(error.message).toContain("a dataset needs 5.00 GiB, 0 bytes are in use");
    }
    expect(performance.now() - started).toBeLessThan(1000);
    expect(memory.buffer.byteLength).toBe(PAGE);
    expect(arena.maxBytes).toBe(LARGEST_MEMORY);
    arena.alloc(1000, "a small block");
  });

  it.each([1, 2, 3, 4])("agrees with a list of bytes over 3000 random calls (seed %d)", (seed) => {
    const dice = new Dice(seed);
    const maxPages = 24;
    const [arena, memory] = arenaOf(1, 1000, maxPages * PAGE);
    const live = new Map<number, { size: number; mark: number }>();
    let [refused, grown] = [0, 0];
    const model = (): number => [...live.values()].reduce((sum, { size }) => sum + size, 0);
    const check = (start: number): void => {
      const { size, mark } = live.get(start) as { size: number; mark: number };
      const bytes = new Uint8Array(memory.buffer, start, size);
      for (let i = 0; i < size; i += 61) if (bytes[i] !== mark) throw new Error(`block ${start} lost byte ${i}`);
      if (bytes[size - 1] !== mark) throw new Error(`block ${start} lost its last byte`);
    };
    for (let call = 0; call < 3000; call++) {
      if (dice.uniform() < 0.55 || live.size === 0) {
        const bytes = dice.pick([dice.below(200), dice.below(5000), dice.below(200_000)]);
        const before = memory.buffer.byteLength;
        let start: number;
        try {
          start = arena.alloc(bytes, "a block");
        } catch (error) {
          // only when no gap is left that would do: first fit over the sorted blocks
          expect((error as BitcenterError).code).toBe("OUT_OF_MEMORY");
          const size = Math.max(64, Math.ceil(bytes / 64) * 64);
          let from = 1024;
          for (const [at, block] of [...live].sort(([a], [b]) => a - b)) {
            expect(at - from).toBeLessThan(size);
            from = at + block.size;
          }
          expect(maxPages * PAGE - from).toBeLessThan(size);
          expect(memory.buffer.byteLength).toBe(before);
          refused++;
          continue;
        }
        if (memory.buffer.byteLength > before) grown++;
        const size = Math.max(64, Math.ceil(bytes / 64) * 64);
        const view = new Uint8Array(memory.buffer, start, size);
        for (let i = 0; i < size; i++) if (view[i] !== 0) throw new Error(`byte ${i} of a fresh block is ${view[i]}`);
        const mark = 1 + dice.below(255);
        view.fill(mark);
        live.set(start, { size, mark });
      } else {
        const start = dice.pick([...live.keys()]);
        check(start);
        arena.free(start);
        live.delete(start);
      }
      if (arena.used !== model()) throw new Error(`call ${call}: used ${arena.used} instead of ${model()}`);
      if (memory.buffer.byteLength > maxPages * PAGE) throw new Error("grew beyond maxBytes");
    }
    // overlapping blocks would have overwritten each other's marks
    for (const start of live.keys()) check(start);
    for (const start of live.keys()) arena.free(start);
    expect(arena.used).toBe(0);
    expect(Math.min(refused, grown)).toBeGreaterThan(0);
    // all of it is one block again
    const before = memory.buffer.byteLength;
    arena.alloc(before - 1024, "everything");
    expect(memory.buffer.byteLength).toBe(before);
  });
});

describe("a scope", () => {
  it("gives everything back when building fails half-way", () => {
    const core = new Core({ variant: "baseline", maxBytes: 4 * PAGE });
    const before = core.arena.used;
    const error = failure(() =>
      Scope.guard(core, (scope) => {
        scope.alloc(10_000, "a block");
        scope.alloc(10_000, "a block");
        return scope.alloc(GIB, "too much");
      }),
    );
    expect(error.code).toBe("OUT_OF_MEMORY");
    expect(core.arena.used).toBe(before);
    expect(Scope.scratch(core, (scope) => scope.alloc(5000, "scratch") > 0 && core.arena.used)).toBe(before + 5056);
    expect(core.arena.used).toBe(before);
    core.dispose();
  });
});

// ---- engines -----------------------------------------------------------------------------------------------------------

const engines: Engine[] = [];
afterEach(() => {
  for (const engine of engines.splice(0)) engine.dispose();
});

function engineOf(options: Parameters<typeof createEngine>[0] = {}): Engine {
  const engine = createEngine(options);
  engines.push(engine);
  return engine;
}

interface Rows {
  readonly data: Float64Array;
  readonly rows: number;
  readonly cols: number;
  readonly labels: Float64Array;
}

/** A noisy linear model; `zeros` columns of zeros behind the others. */
function rowsOf(rows: number, cols: number, seed: number, zeros = 0, classes = 2): Rows {
  const dice = new Dice(seed);
  const data = new Float64Array(rows * (cols + zeros));
  const labels = new Float64Array(rows);
  const truth = Float64Array.from({ length: cols }, () => dice.normal());
  for (let i = 0; i < rows; i++) {
    let margin = 0.3 * dice.normal();
    for (let j = 0; j < cols; j++) {
      const x = dice.normal();
      data[i * (cols + zeros) + j] = x;
      margin += x * (truth[j] as number);
    }
    labels[i] = i < classes ? i : classes === 2 ? (margin > 0 ? 1 : 0) : Math.abs(Math.floor(margin)) % classes;
  }
  return { data, rows, cols: cols + zeros, labels };
}

type Run = (problem: Problem) => Generator<StepReport, void, undefined>;
const fixed = { stepSize: 0.02, innerSteps: 150, outerSteps: 3, flushEvery: 4, seed: 7 };
const RUNS: Readonly<Record<string, Run>> = {
  "halp, 8 bits": (problem) => halp(problem, { ...fixed, bits: 8, mu: 0.5 }),
  "halp, 8 bits, published": (problem) => halp(problem, { ...fixed, bits: 8, mu: 0.5, flushEvery: 1 }),
  "halp, 8 bits, nearest": (problem) => halp(problem, { ...fixed, bits: 8, mu: 0.5, rounding: "nearest" }),
  "halp, 16 bits": (problem) => halp(problem, { ...fixed, bits: 16, mu: 0.5 }),
  "lpSvrg, 8 bits": (problem) => lpSvrg(problem, { ...fixed, bits: 8, range: 2 }),
  "lpSvrg, 16 bits": (problem) => lpSvrg(problem, { ...fixed, bits: 16, range: 2 }),
  "lpSgd, 8 bits": (problem) => lpSgd(problem, { ...fixed, bits: 8, range: 2 }),
  "svrg, float32": (problem) => svrg(problem, fixed),
  "svrg, codes": (problem) => svrg(problem, { ...fixed, data: "codes" }),
  sgd: (problem) => sgd(problem, fixed),
};

interface Setup {
  readonly engine: Engine;
  readonly dataset: Dataset;
  readonly problem: Problem;
}

function setUp(engine: Engine, input: Rows, loss: LossName = "logistic", l2 = 0.01, fitIntercept = true): Setup {
  const dataset = engine.dataset(input, input.labels, { bits: 8 });
  return { engine, dataset, problem: engine.problem(dataset, { loss, l2, fitIntercept }) };
}

/** Everything of a report that must not depend on circumstances. */
function bits({ objective, gradientNorm, coef, intercept, saturated, passes }: StepReport): string {
  return JSON.stringify([objective, gradientNorm, Array.from(coef), Array.from(intercept), saturated, passes]);
}

describe.each(VARIANTS)("engines, %s", (variant) => {
  it.each(Object.entries(RUNS))("%s: two engines, interleaved, give the bits they give alone", (_name, run) => {
    const inputs = [rowsOf(90, 11, 1), rowsOf(70, 40, 2)] as const;
    const losses = ["logistic", "squaredHinge"] as const;
    const alone = inputs.map((input, i) =>
      Array.from(run(setUp(engineOf({ variant }), input, losses[i]).problem), bits),
    );
    const together = inputs.map((input, i) => run(setUp(engineOf({ variant }), input, losses[i]).problem));
    const seen: string[][] = [[], []];
    for (let isRunning = true; isRunning; ) {
      isRunning = false;
      together.forEach((steps, i) => {
        const { value, done } = steps.next();
        if (done || value === undefined) return;
        isRunning = true;
        (seen[i] as string[]).push(bits(value));
      });
    }
    expect(seen).toEqual(alone);
    expect((alone[0] as string[]).length).toBe(4);
  });

  it.each(Object.entries(RUNS))("%s: growth, other runs and freed memory in between change nothing", (_name, run) => {
    const input = rowsOf(80, 20, 3);
    const undisturbed = Array.from(run(setUp(engineOf({ variant }), input).problem), bits);
    const { engine, dataset, problem } = setUp(engineOf({ variant }), input);
    const before = engine.bytes;
    const codes = (): number => dataset.bytes;
    const seen: string[] = [];
    let junk: Dataset | null = null;
    for (const report of run(problem)) {
      seen.push(bits(report));
      junk?.dispose();
      // another megabyte each time: the memory grows and every view of it is detached
      const rows = 20_000 * seen.length;
      junk = engine.dataset({ data: new Float32Array(rows * 16).fill(0.1), rows, cols: 16 }, new Float64Array(rows));
      const other = setUp(engine, rowsOf(30, 5, 4), "squared");
      for (const _ of svrg(other.problem, { ...fixed, outerSteps: 1 })) {
      }
      other.problem.dispose();
      other.dataset.dispose();
    }
    junk?.dispose();
    expect(seen).toEqual(undisturbed);
    // the run has freed its own; what remains are the codes the dataset keeps
    problem.dispose();
    dataset.dispose();
    expect(codes()).toBe(0);
    expect(engine.bytes).toBe(0);
    expect(before).toBeGreaterThan(0);
  });

  // Columns of zeros are padding that can be seen: their codes are 0 in every row. Sixteen more of them move no lane and no partial sum.
  for (const fitIntercept of [true, false]) {
    it.each(Object.entries(RUNS))(
      `%s: columns of zeros stay zero and move no bit, intercept ${fitIntercept}`,
      (_name, run) => {
        const [plain, padded] = [0, 16].map((zeros) => {
          const input = rowsOf(60, 20, 5, zeros);
          return Array.from(run(setUp(engineOf({ variant }), input, "logistic", 0.01, fitIntercept).problem));
        }) as [StepReport[], StepReport[]];
        expect(padded.length).toBe(plain.length);
        padded.forEach((report, k) => {
          const other = plain[k] as StepReport;
          expect(Array.from(report.coef.subarray(20))).toEqual(Array(16).fill(0));
          expect(bits({ ...report, coef: report.coef.slice(0, 20) })).toBe(bits(other));
        });
        expect(plain.at(-1)?.coef.some((w) => w !== 0)).toBe(true);
      },
    );
  }

  it("frees a run that is left early, or that fails", () => {
    const { engine, problem } = setUp(engineOf({ variant }), rowsOf(50, 9, 6));
    for (const _ of halp(problem, fixed)) break;
    const settled = engine.bytes;
    for (const run of Object.values(RUNS)) {
      for (const _ of run(problem)) break;
    }
    const again = engine.bytes;
    expect(again).toBeGreaterThanOrEqual(settled); // the float32 plane is kept
    for (const run of Object.values(RUNS)) for (const _ of run(problem)) break;
    expect(engine.bytes).toBe(again);
    const steps = halp(problem, fixed);
    steps.next();
    expect(() => steps.throw(new Error("the caller's own"))).toThrow("the caller's own");
    expect(engine.bytes).toBe(again);
  });

  it("runs out of memory with a sentence, gives back what it took, and trains on", () => {
    const engine = engineOf({ variant, maxBytes: 2 ** 21 });
    const { problem } = setUp(engine, rowsOf(60, 10, 7));
    const before = engine.bytes;
    const rows = 40_000;
    const large = { data: new Float64Array(rows * 10).fill(0.1), rows, cols: 10 };
    const error = failure(() => engine.dataset(large, new Float64Array(rows)));
    expect(error.code).toBe("OUT_OF_MEMORY");
    expect(error.message).toMatch(
      /^out of memory: .*40000 × 10 dataset needs \d+\.\d\d MiB, \d+(\.\d\d KiB| bytes) are in use, the engine may have 2\.00 MiB in all$/,
    );
    expect(engine.bytes).toBe(before);
    // the rows fit, their codes do not
    const fitting = { data: new Float32Array(30_000 * 10).fill(0.1), rows: 30_000, cols: 10 };
    fitting.data[0] = 0.2;
    const dataset = engine.dataset(fitting, new Float64Array(30_000));
    const kept = engine.bytes;
    const tight = failure(() => {
      const crowded = engine.problem(dataset, { loss: "squared" });
      try {
        for (const _ of svrg(crowded, fixed)) break;
      } finally {
        crowded.dispose();
      }
    });
    expect(tight.code).toBe("OUT_OF_MEMORY");
    expect(engine.bytes).toBe(kept);
    dataset.dispose();
    expect(engine.bytes).toBe(before);
    const trained = Array.from(halp(problem, { ...fixed, mu: 0.5 }), bits);
    const expected = Array.from(
      halp(setUp(engineOf({ variant }), rowsOf(60, 10, 7)).problem, { ...fixed, mu: 0.5 }),
      bits,
    );
    expect(trained).toEqual(expected);
  });

  it("is gone after dispose, and only then", () => {
    const { engine, dataset, problem } = setUp(engineOf({ variant }), rowsOf(50, 9, 8));
    const other = setUp(engineOf({ variant }), rowsOf(50, 9, 8));
    const steps = halp(problem, fixed);
    steps.next();
    engine.dispose();
    engine.dispose();
    expect(engine.bytes).toBe(0);
    expect(failure(() => steps.next()).code).toBe("DISPOSED");
    expect(failure(() => Array.from(halp(problem, fixed))).code).toBe("DISPOSED");
    expect(failure(() => engine.dataset([[1]], [1])).code).toBe("DISPOSED");
    expect(failure(() => problem.margins({ coef: new Float64Array(9), intercept: new Float64Array(1) })).code).toBe(
      "DISPOSED",
    );
    problem.dispose();
    dataset.dispose();
    expect(Array.from(halp(other.problem, fixed)).length).toBe(4);
  });
});

test("a core's memory never shrinks below what its arena says is used", () => {
  const core = new Core({ variant: "baseline" });
  const block = core.arena.alloc(300_000, "a block");
  expect(core.view().byteLength).toBeGreaterThanOrEqual(block + 300_000);
  core.arena.free(block);
  core.dispose();
  expect(core.isDisposed).toBe(true);
  expect(failure(() => core.arena).code).toBe("DISPOSED");
  expect(failure(() => core.kernels).code).toBe("DISPOSED");
});
