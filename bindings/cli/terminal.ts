// What commands print: a progress bar on stderr, tables and numbers on stdout.

/** The part of a stream that output needs: process.stdout and process.stderr have it. */
export interface Output {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string | Uint8Array): unknown;
}

export interface Bar {
  /** fraction: 0 to 1; note: a few words beside the bar. */
  show(fraction: number, note?: string): void;
  /** Takes the line away. */
  clear(): void;
}

const BAR_WIDTH = 30;

/** One line, redrawn in place; nothing when the stream is no terminal. */
export function progressBar(label: string, stream: Output): Bar {
  if (stream.isTTY !== true) return { show: () => {}, clear: () => {} };
  let shown = "";
  return {
    show: (fraction, note = "") => {
      const filled = Math.round(Math.min(1, Math.max(0, fraction)) * BAR_WIDTH);
      const bar = "█".repeat(filled) + "░".repeat(BAR_WIDTH - filled);
      const percent = String(Math.round(fraction * 100)).padStart(3);
      const line = `${label} ${bar} ${percent} %  ${note}`.slice(0, Math.max(20, (stream.columns ?? 80) - 1));
      if (line === shown) return;
      // blanks cover what was longer before
      stream.write(`\r${line.padEnd(shown.length)}`);
      shown = line;
    },
    clear: () => {
      if (shown !== "") stream.write(`\r${" ".repeat(shown.length)}\r`);
      shown = "";
    },
  };
}

/** A number in at most `digits` significant digits, without trailing zeros. */
export function shortNumber(value: number, digits = 6): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 10 ** (digits + 1))) return value.toExponential(Math.min(2, digits - 1));
  return String(Number(value.toPrecision(digits)));
}

/** Columns in line, the first to the left, the others to the right. */
export function textTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((text, j) => Math.max(text.length, ...rows.map((row) => (row[j] ?? "").length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, j) => (j === 0 ? cell.padEnd(widths[j] as number) : cell.padStart(widths[j] as number)))
      .join("  ")
      .trimEnd();
  return [line(head), ...rows.map(line)].join("\n");
}

/** Name and value, a pair a line, values in line. */
export function textList(pairs: readonly (readonly [string, string])[]): string {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join("\n");
}
