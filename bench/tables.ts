// Markdown that the parts of docs/benchmarks.md share.

export function table(head: readonly string[], rows: readonly (readonly string[])[], left = 1): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, j) => (j < left ? "---" : "--:"))), ...rows.map(line)].join("\n");
}

export function machine(environment: Readonly<Record<string, string | number>>): string {
  const { date, node, v8, cpu, cores, platform, variant } = environment;
  return `${cpu}, ${cores} cores, ${platform}; Node ${node} (V8 ${v8}), ${variant} module; ${String(date).slice(0, 10)}`;
}

/** Below 1 we lose, and say so. */
export const times = (ratio: number): string => (ratio < 1 ? `${ratio.toFixed(2)} ▼` : ratio.toFixed(2));
