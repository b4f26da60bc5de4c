// Long work in a page or a server that stays alive: pieces of work, and turns of the event loop between them.
// A piece takes 4 ms at most (bindings/engine/work.ts), so with a turn after 12 ms nothing waits longer than 16 ms, a frame of a screen.

/** What a driver needs of its host; tests bring their own. */
export interface Pace {
  /** Milliseconds that never go back. */
  readonly now: () => number;
  /** Resolves after the host has had a turn: timers, messages, input, painting. */
  readonly turn: () => Promise<void>;
}

/** Milliseconds of work after which the event loop gets a turn. */
export const SLICE = 12;

interface Host {
  readonly setImmediate?: (task: () => void) => unknown;
  readonly MessageChannel?: typeof MessageChannel;
  readonly scheduler?: { readonly yield?: () => Promise<void> };
  readonly setTimeout: (task: () => void) => unknown;
}

/**
 * The fairest quick turn that a host has. setTimeout(0) is clamped to 4 ms once it nests, a quarter of all time here. scheduler.yield comes after the two that
 * treat everybody alike: its continuation goes before other tasks, and a timer that wants to abort would wait for the whole fit.
 */
export function turnOf(host: Host): () => Promise<void> {
  const { setImmediate, MessageChannel: Channel, scheduler } = host;
  if (typeof setImmediate === "function") return () => new Promise((resolve) => setImmediate(resolve));
  if (typeof Channel === "function") {
    return () =>
      new Promise((resolve) => {
        const { port1, port2 } = new Channel();
        port1.onmessage = () => {
          // an open port keeps a process alive
          port1.close();
          resolve();
        };
        port2.postMessage(null);
      });
  }
  if (typeof scheduler?.yield === "function") return () => (scheduler.yield as () => Promise<void>)();
  return () => new Promise((resolve) => host.setTimeout(resolve));
}

const HOST: Pace = { now: () => performance.now(), turn: () => turnOf(globalThis as unknown as Host)() };

/** Drives work to its end with a turn of the event loop whenever SLICE milliseconds have passed. Its `finally` blocks run, whatever happens. */
export async function drive<T>(work: Generator<unknown, T, undefined>, pace: Pace = HOST): Promise<T> {
  try {
    let since = pace.now();
    for (;;) {
      const { done, value } = work.next();
      if (done) return value as T;
      if (pace.now() - since >= SLICE) {
        await pace.turn();
        since = pace.now();
      }
    }
  } finally {
    work.return(undefined as never);
  }
}
