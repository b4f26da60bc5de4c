// What the commands print: a progress bar, numbers.

/** One line on stderr, redrawn in place; nothing when stderr is not a terminal. */
export function progressBar(label: string): (fraction: number) => void {
  if (!process.stderr.isTTY) return () => {};
  const width = 40;
  let shown = -1;
  return (fraction) => {
    const filled = Math.round(fraction * width);
    if (filled === shown) return;
    shown = filled;
    const bar = "█".repeat(filled) + "░".repeat(width - filled);
    process.stderr.write(`\r${label.padEnd(28)} ${bar} ${String(Math.round(fraction * 100)).padStart(3)} %`);
    if (fraction >= 1) process.stderr.write("\n");
  };
}

/** A gap or norm with two digits. */
export function scientific(value: number): string {
  if (!Number.isFinite(value)) return "diverged";
  return value <= 0 ? "< 1e-16" : value.toExponential(1);
}
