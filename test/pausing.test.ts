// Work in pieces: who gets a turn, and when. Clocks are made up: what is counted is pieces and turns, never time.
import { describe, expect, it, vi } from "vitest";
import { Core } from "../bindings/engine/core.js";
import { exp, log, log1p } from "../bindings/estimators/elementary.js";
import { drive, type Pace, SLICE, turnOf } from "../bindings/estimators/pausing.js";
import {
  createEngine,
  type EstimatorOptions,
  LinearRegression,
  LinearSVC,
  LogisticRegression,
} from "../bindings/index.js";
import { dice, sampleFor } from "./support/data.js";
import { compress } from "./support/estimating.js";

/** A clock that advances by `perPiece` with every piece of work, and counts turns. */
function paceOf(perPiece: number): Pace & { turns: number; tick: () => void } {
  let time = 1000;
  return {
    turns: 0,
    tick() {
      time += perPiece;
    },
    now: () => time,
    async turn() {
      this.turns++;
      // a turn takes long: it is no work
      time += 1000;
    },
  };
}

function* pieces(count: number, tick: () => void): Generator<unknown, string, undefined> {
  for (let i = 0; i < count; i++) {
    tick();
    yield i % 3 === 0 ? undefined : { report: i };
  }
  return "done";
}

describe("the driver", () => {
  it.each([1, 2, 4, 5, 12, 13, 100])("pieces of %i ms: a turn whenever 12 ms are full", async (perPiece) => {
    const each = Math.ceil(SLICE / perPiece);
    for (const count of [0, 1, each - 1, each, each + 1, 10 * each, 10 * each + 1]) {
      const pace = paceOf(perPiece);
      expect(await drive(pieces(count, pace.tick), pace)).toBe("done");
      expect(pace.turns).toBe(Math.floor(count / each));
    }
  });

  it("nothing waits longer than 16 ms when pieces take 4 ms at most", async () => {
    const { below } = dice(1);
    let [time, since, longest] = [0, 0, 0];
    const pace: Pace = {
      now: () => time,
      turn: async () => {
        longest = Math.max(longest, time - since);
        since = time;
      },
    };
    await drive(
      (function* () {
        for (let i = 0; i < 2000; i++) {
          time += below(401) / 100;
          yield;
        }
      })(),
      pace,
    );
    expect(longest).toBeGreaterThan(SLICE);
    expect(longest).toBeLessThanOrEqual(16);
  });

  it("runs the work's finally blocks when a turn or a piece throws", async () => {
    for (const isTurn of [true, false]) {
      let released = 0;
      const work = (function* (): Generator<unknown, void, undefined> {
        try {
          yield;
          if (!isTurn) throw new Error("a piece");
          yield;
        } finally {
          released++;
        }
      })();
      const turn = async (): Promise<void> => {
        if (isTurn) throw new Error("a turn");
      };
      let time = 0;
      const now = (): number => {
        time += 20;
        return time;
      };
      await expect(drive(work, { now, turn })).rejects.toThrow(isTurn ? "a turn" : "a piece");
      expect(released).toBe(1);
    }
  });
});

describe("turns of the host", () => {
  const later = (task: () => void): unknown => setTimeout(task, 0);

  it("takes setImmediate, then MessageChannel, then scheduler.yield, then a timer", async () => {
    const seen: string[] = [];
    const note =
      (name: string) =>
      (task: () => void): unknown => {
        seen.push(name);
        return later(task);
      };
    class Channel {
      port1: { onmessage: (() => void) | null; close: () => void } = {
        onmessage: null,
        close: () => seen.push("closed"),
      };
      port2 = {
        postMessage: () => {
          seen.push("channel");
          later(() => this.port1.onmessage?.());
        },
      };
    }
    const scheduler = {
      yield: async () => {
        seen.push("scheduler");
      },
    };
    const MessageChannel = Channel as never;
    const timer = note("timer");
    await turnOf({ setImmediate: note("immediate"), MessageChannel, scheduler, setTimeout: timer })();
    await turnOf({ MessageChannel, scheduler, setTimeout: timer })();
    await turnOf({ scheduler, setTimeout: timer })();
    await turnOf({ scheduler: {}, setTimeout: timer })();
    expect(seen).toEqual(["immediate", "channel", "closed", "scheduler", "timer"]);
  });

  it("timers and messages run between two pieces", async () => {
    let [timers, messages, isDone] = [0, 0, false];
    const again = (): void => {
      timers++;
      if (!isDone) setTimeout(again, 0);
    };
    setTimeout(again, 0);
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      messages++;
      if (!isDone) port2.postMessage(null);
    };
    port2.postMessage(null);
    let time = 0;
    const now = (): number => {
      time += SLICE;
      return time;
    };
    // turns are quicker than a timer, which may take a millisecond to come
    await drive(
      (function* (): Generator<unknown, void, undefined> {
        while (timers < 3 || messages < 3) yield;
      })(),
      { now, turn: turnOf(globalThis as never) },
    );
    isDone = true;
    port1.close();
    expect(timers).toBeGreaterThanOrEqual(3);
    expect(messages).toBeGreaterThanOrEqual(3);
  });
});

describe("fits in pauses", () => {
  const sample = sampleFor("softmax", 300, 8, 3, 4);
  const X = { data: sample.data, rows: sample.rows, cols: sample.cols };
  const y = Array.from(sample.labels);

  it.each([1, 3, 6, 12, 50])("%i ms per piece: turns follow from pieces, weights do not", async (perPiece) => {
    const straight = new LinearSVC().fitSync(X, y);
    const model = new LinearSVC();
    const work = model.fitWork(X, y);
    const pace = paceOf(perPiece);
    let count = 0;
    await drive(
      (function* (): Generator<unknown, void, undefined> {
        for (;;) {
          if (work.next().done) return;
          count++;
          pace.tick();
          yield;
        }
      })(),
      pace,
    );
    // labels, loading, and every outer step of four classes at least
    expect(count).toBeGreaterThan(straight.report?.outerSteps ?? 0);
    expect(pace.turns).toBe(Math.floor(count / Math.ceil(SLICE / perPiece)));
    expect(model.coef).toEqual(straight.coef);
    expect(model.intercept).toEqual(straight.intercept);
  });

  it("fit and fitSync give the same bits, and leave no memory behind on an engine of the caller", async () => {
    const engine = createEngine();
    const [a, b] = [new LogisticRegression({ engine }), new LogisticRegression({ engine })];
    const own = new LogisticRegression();
    await Promise.all([a.fit(X, y), own.fit(X, y)]);
    b.fitSync(X, y);
    expect(a.coef).toEqual(b.coef);
    expect(own.coef).toEqual(b.coef);
    expect(engine.bytes).toBe(0);
    engine.dispose();
  });
});

describe("fits that share an engine", () => {
  const many = sampleFor("softmax", 300, 8, 3, 4);
  const numbers = sampleFor("huber", 260, 11, 5);
  const [dense, wide] = [many, numbers].map(({ data, rows, cols }) => ({ data, rows, cols })) as [object, object];
  const sparse = compress(
    Array.from(many.data, (x, at) => (at % 3 === 0 ? x : 0)),
    many.rows,
  );
  /** Every kind of run. Each gives the work of a new fit. */
  const kinds: [string, (options: EstimatorOptions) => LinearSVC | LogisticRegression | LinearRegression, object][] = [
    ["softmax", (o) => new LogisticRegression(o), dense],
    ["softmax, l1", (o) => new LogisticRegression({ ...o, penalty: "l1", alpha: 1e-3 }), dense],
    ["softmax, compressed", (o) => new LogisticRegression(o), sparse],
    ["one against the rest", (o) => new LinearSVC(o), dense],
    ["one against the rest, compressed, elastic net", (o) => new LinearSVC({ ...o, penalty: "elasticnet" }), sparse],
    ["hinge", (o) => new LinearSVC({ ...o, loss: "hinge" }), dense],
    ["huber", (o) => new LinearRegression({ ...o, loss: "huber" }), wide],
    ["squared, 4 bits", (o) => new LinearRegression({ ...o, bits: 4 }), wide],
    ["halp, compressed", (o) => new LogisticRegression({ ...o, solver: "halp", maxPasses: 12 }), sparse],
    ["saga", (o) => new LogisticRegression({ ...o, solver: "saga", maxPasses: 12 }), dense],
    ["sgd", (o) => new LinearSVC({ ...o, solver: "sgd", maxPasses: 12 }), dense],
    ["zipml", (o) => new LinearRegression({ ...o, solver: "zipml", maxPasses: 12 }), wide],
  ];
  const workOf = ([, make, X]: (typeof kinds)[number], options: EstimatorOptions) => {
    const model = make(options);
    const labels = Array.from(X === wide ? numbers.labels : many.labels);
    return { model, work: model.fitWork(X as never, labels) };
  };

  it("take turns at every pause there can be, and a twin of each is given up: the bits of each alone, and no memory left", () => {
    const alone = kinds.map((kind) => {
      const { model, work } = workOf(kind, {});
      while (!work.next().done);
      return model;
    });
    const everywhere = vi.spyOn(Core.prototype, "isDue").mockReturnValue(true);
    const engine = createEngine();
    try {
      const runs = kinds.map((kind) => ({ ...workOf(kind, { engine }), pauses: 0, isDone: false }));
      const doomed = kinds.map((kind) => workOf(kind, { engine }));
      for (let turn = 0; runs.some(({ isDone }) => !isDone); turn++) {
        for (const run of runs) {
          if (run.isDone) continue;
          run.isDone = run.work.next().done === true;
          run.pauses++;
        }
        doomed.forEach(({ work }, k) => {
          if (turn < 40 * (k + 1)) work.next();
          else work.return(undefined as never);
        });
      }
      for (const { work } of doomed) work.return(undefined as never);
      runs.forEach(({ model, pauses }, k) => {
        const [name] = kinds[k] as (typeof kinds)[number];
        expect(pauses, name).toBeGreaterThan(30);
        expect(model.coef, name).toEqual(alone[k]?.coef);
        expect(model.intercept, name).toEqual(alone[k]?.intercept);
        expect(model.report?.objective, name).toBe(alone[k]?.report?.objective);
      });
      expect(engine.bytes).toBe(0);
    } finally {
      everywhere.mockRestore();
      engine.dispose();
    }
  });

  it("awaited together", async () => {
    const engine = createEngine();
    const [a, b] = [new LogisticRegression({ engine }), new LinearSVC({ engine })];
    const y = Array.from(many.labels);
    await Promise.all([a.fit(dense as never, y), b.fit(sparse, y)]);
    expect(a.coef).toEqual(new LogisticRegression().fitSync(dense as never, y).coef);
    expect(b.coef).toEqual(new LinearSVC().fitSync(sparse, y).coef);
    expect(engine.bytes).toBe(0);
    engine.dispose();
  });
});

describe("exp and log", () => {
  const { kernels } = new Core({});
  const { uniform } = dice(5);

  it("exp: the bits of the kernels", () => {
    const points = [0, -0, 1, -1, 709.7, 709.70001, -708, -708.0001, Math.LN2 / 2, -Math.LN2 / 2, 1e-300, -1e-17];
    for (const t of [...points, ...Array.from({ length: 20_000 }, () => 720 * uniform())]) {
      expect(exp(t)).toBe(kernels.exp(t));
    }
    expect(exp(Number.NaN)).toBeNaN();
  });

  it("log: the bits of the kernels; log1p to the last few", () => {
    for (let i = 0; i < 20_000; i++) {
      const x = exp(700 * uniform());
      expect(log(x)).toBe(kernels.log(x));
      const small = exp(-Math.abs(40 * uniform()));
      expect(Math.abs(log1p(small) - Math.log1p(small))).toBeLessThanOrEqual(2 ** -51 * Math.log1p(small));
    }
  });
});
