// Sparse rows (CSR): what an entry costs is one read of its column's place in a vector, so vectors are float64 whatever the entries are, and work is in
// proportion to the entries. docs/decisions/0017 has the measurements.
//   starts   u32 × (rows + 1): the first entry of each row, counted from the beginning of `indices` and `values`, so that starts + 4·i are those of the rows from i on
//   indices  u32 × entries: columns, strictly ascending within a row
//   values   entries of type T: int8, uint8, int16, float32, float64, or places in a table of float64 (T8, T16); table: f64, of the last two only
// Several outputs: vectors over columns are columns × pitch f64, outputs side by side, pitch their number made even (padding: 0 in, anything out).
import { exact } from "./exact";

/** Values as places in a table: offsetof gives their bytes. */
@unmanaged
export class T8 {
  place: u8;
}

@unmanaged
export class T16 {
  place: u16;
}

/** Slots of the hash table of distinct values, twice as many as it may hold. */
const SLOT_BITS: u64 = 17;

@unmanaged
export abstract class sparse {
  @inline
  static bytes<T>(): usize {
    if (isReference<T>()) return offsetof<T>();
    else return sizeof<T>();
  }

  @inline
  static fromTable<T>(at: usize, table: usize): usize {
    if (offsetof<T>() == 1) return table + ((<usize>load<u8>(at)) << 3);
    else return table + ((<usize>load<u16>(at)) << 3);
  }

  /** Value of one entry; at: where it is. */
  @inline
  static value<T>(at: usize, table: usize): f64 {
    if (isReference<T>()) return load<f64>(sparse.fromTable<T>(at, table));
    else return <f64>load<T>(at);
  }

  /** Two values of a table. */
  @inline
  static pair<T>(at: usize, table: usize): v128 {
    const firstF64x2 = v128.load64_zero(sparse.fromTable<T>(at, table));
    return v128.load64_lane(sparse.fromTable<T>(at + sparse.bytes<T>(), table), firstF64x2, 1);
  }

  /** The place of the column that the entry at `index` names in a vector of columns f64. */
  @inline
  static place(w: usize, index: usize): usize {
    return w + ((<usize>load<u32>(index)) << 3);
  }

  // --- taking rows in ---

  /** First entry whose column is not below `columns` or not above the one before it in its row; −1 when there is none. */
  static firstBad(starts: usize, indices: usize, rows: i32, columns: u32): f64 {
    for (let row = 0; row < rows; row++) {
      const end = load<u32>(starts, 4);
      let least: u32 = 0;
      for (let e = load<u32>(starts); e < end; e++) {
        const column = load<u32>(indices + ((<usize>e) << 2));
        if (column < least || column >= columns) return <f64>e;
        least = column + 1;
      }
      starts += 4;
    }
    return -1;
  }

  /**
   * Per column: widens low and high (f64), counts entries (u32), clears whole (u8) at a value that is no whole number. values: count f64.
   * Returns the place of the first value that is NaN or infinite (then nothing further is looked at), −1 when there is none.
   */
  static columns(
    indices: usize,
    values: usize,
    count: i32,
    low: usize,
    high: usize,
    entries: usize,
    whole: usize,
  ): f64 {
    for (let e: usize = 0; e < <usize>count; e++) {
      const x = load<f64>(values + (e << 3));
      if (!(x - x == 0)) return <f64>e;
      const j = <usize>load<u32>(indices + (e << 2));
      const at = j << 3;
      if (x < load<f64>(low + at)) store<f64>(low + at, x);
      if (x > load<f64>(high + at)) store<f64>(high + at, x);
      const seen = entries + (j << 2);
      store<u32>(seen, load<u32>(seen) + 1);
      if (floor(x) != x) store<u8>(whole + j, 0);
    }
    return -1;
  }

  /** Bytes of the hash table. */
  static slotBytes(): usize {
    return (<usize>4) << (<usize>SLOT_BITS);
  }

  /**
   * values (count f64) → their places in a table of distinct ones, told apart by their bits, in order of their first occurrence. table: `found` f64 so far, room for
   * `most` ≤ 65 536; slots: slotBytes(), zero at first; out: u16. Returns how many are found then; −1 (with out unfinished) when there are more than `most`.
   */
  static distinct(values: usize, count: i32, table: usize, slots: usize, found: u32, most: u32, out: usize): i32 {
    const mask = (1 << (<u32>SLOT_BITS)) - 1;
    for (let e: usize = 0; e < <usize>count; e++) {
      const bits = load<u64>(values + (e << 3));
      // Fibonacci hashing: Knuth, The Art of Computer Programming 3, section 6.4
      let slot = <u32>((bits * 0x9e3779b97f4a7c15) >> (64 - SLOT_BITS));
      let place: u32 = 0;
      while (true) {
        const at = slots + ((<usize>slot) << 2);
        const kept = load<u32>(at);
        if (kept == 0) {
          if (found == most) return -1;
          store<u64>(table + ((<usize>found) << 3), bits);
          place = found++;
          store<u32>(at, found);
          break;
        }
        place = kept - 1;
        if (load<u64>(table + ((<usize>place) << 3)) == bits) break;
        slot = (slot + 1) & mask;
      }
      store<u16>(out + (e << 1), <u16>place);
    }
    return <i32>found;
  }

  /** u16 → u8 of numbers below 256. */
  static toBytes(from: usize, to: usize, count: i32): void {
    for (let e: usize = 0; e < <usize>count; e++) store<u8>(to + e, <u8>load<u16>(from + (e << 1)));
  }

  /** codes = clamp(floor(x·inverseScale + ½), ±127) int8, per entry; inverseScale: f64 per column. */
  static quantize<T>(indices: usize, values: usize, table: usize, count: i32, inverseScale: usize, codes: usize): void {
    const step = sparse.bytes<T>();
    for (let e: usize = 0; e < <usize>count; e++) {
      const factor = load<f64>(sparse.place(inverseScale, indices + (e << 2)));
      const code = floor(sparse.value<T>(values + e * step, table) * factor + 0.5);
      store<i8>(codes + e, <i8>(<i32>max(min(code, 127), -127)));
    }
  }

  /** starts of rows put side by side: index: rows u32, out: (rows + 1) u32. Returns their entries. */
  static startsOf(starts: usize, index: usize, rows: i32, out: usize): f64 {
    let total: u32 = 0;
    store<u32>(out, 0);
    for (let i: usize = 0; i < <usize>rows; i++) {
      const at = starts + ((<usize>load<u32>(index + (i << 2))) << 2);
      total += load<u32>(at, 4) - load<u32>(at);
      store<u32>(out + (i << 2), total, 4);
    }
    return <f64>total;
  }

  /** Entries of rows put side by side, `bytes` each (indices or values). index: rows u32. */
  static gather(starts: usize, index: usize, rows: i32, from: usize, bytes: usize, out: usize): void {
    for (let i: usize = 0; i < <usize>rows; i++) {
      const at = starts + ((<usize>load<u32>(index + (i << 2))) << 2);
      const first = load<u32>(at);
      const size = <usize>(load<u32>(at, 4) - first) * bytes;
      memory.copy(out, from + <usize>first * bytes, size);
      out += size;
    }
  }

  // --- outputs side by side ---

  /** from: classes × columns f64 → to: columns × pitch f64, padding 0. */
  static interleave(from: usize, columns: i32, classes: i32, to: usize, pitch: i32): void {
    for (let j: usize = 0; j < <usize>columns; j++) {
      let k: usize = 0;
      for (let at = from + (j << 3); k < <usize>classes; k++) {
        store<f64>(to + (k << 3), load<f64>(at));
        at += (<usize>columns) << 3;
      }
      for (; k < <usize>pitch; k++) store<f64>(to + (k << 3), 0);
      to += (<usize>pitch) << 3;
    }
  }

  /** The way back: from: columns × pitch f64 → to: classes × columns f64. */
  static separate(from: usize, columns: i32, classes: i32, to: usize, pitch: i32): void {
    for (let j: usize = 0; j < <usize>columns; j++) {
      let at = to + (j << 3);
      for (let k: usize = 0; k < <usize>classes; k++) {
        store<f64>(at, load<f64>(from + (k << 3)));
        at += (<usize>columns) << 3;
      }
      from += (<usize>pitch) << 3;
    }
  }

  // --- passes ---

  /** Σ x·w over the entries from `e` to `end`: four partial sums, then the rest of the row. */
  @inline
  static dot<T>(indices: usize, values: usize, table: usize, e: usize, end: usize, w: usize): f64 {
    const step = sparse.bytes<T>();
    let aF64x2 = f64x2.splat(0);
    let bF64x2 = aF64x2;
    let index = indices + (e << 2);
    let x = values + e * step;
    const last = indices + (end << 2);
    for (; index + 16 <= last; index += 16) {
      const vF64x2 = v128.load64_lane(sparse.place(w, index + 4), v128.load64_zero(sparse.place(w, index)), 1);
      const uF64x2 = v128.load64_lane(sparse.place(w, index + 12), v128.load64_zero(sparse.place(w, index + 8)), 1);
      if (isReference<T>()) {
        aF64x2 = f64x2.add(aF64x2, f64x2.mul(sparse.pair<T>(x, table), vF64x2));
        bF64x2 = f64x2.add(bF64x2, f64x2.mul(sparse.pair<T>(x + 2 * step, table), uF64x2));
      } else {
        const fourX4 = exact.load4<T>(x, 0);
        aF64x2 = f64x2.add(aF64x2, f64x2.mul(exact.first<T>(x, fourX4), vF64x2));
        bF64x2 = f64x2.add(bF64x2, f64x2.mul(exact.second<T>(x, fourX4), uF64x2));
      }
      x += 4 * step;
    }
    const abF64x2 = f64x2.add(aF64x2, bF64x2);
    let sum = f64x2.extract_lane(abF64x2, 0) + f64x2.extract_lane(abF64x2, 1);
    for (; index < last; index += 4) {
      sum += sparse.value<T>(x, table) * load<f64>(sparse.place(w, index));
      x += step;
    }
    return sum;
  }

  /** As dot, in order of the entries, for eight outputs at w and on: one look at an entry serves all. out: 8 f64. */
  static dots8<T>(
    indices: usize,
    values: usize,
    table: usize,
    e: usize,
    end: usize,
    w: usize,
    pitch: usize,
    out: usize,
  ): void {
    const step = sparse.bytes<T>();
    let aF64x2 = f64x2.splat(0);
    let bF64x2 = aF64x2;
    let cF64x2 = aF64x2;
    let dF64x2 = aF64x2;
    for (; e < end; e++) {
      const at = w + <usize>load<u32>(indices + (e << 2)) * pitch;
      const xF64x2 = f64x2.splat(sparse.value<T>(values + e * step, table));
      aF64x2 = f64x2.add(aF64x2, f64x2.mul(xF64x2, v128.load(at)));
      bF64x2 = f64x2.add(bF64x2, f64x2.mul(xF64x2, v128.load(at, 16)));
      cF64x2 = f64x2.add(cF64x2, f64x2.mul(xF64x2, v128.load(at, 32)));
      dF64x2 = f64x2.add(dF64x2, f64x2.mul(xF64x2, v128.load(at, 48)));
    }
    v128.store(out, aF64x2);
    v128.store(out, bF64x2, 16);
    v128.store(out, cF64x2, 32);
    v128.store(out, dF64x2, 48);
  }

  /** Two outputs. */
  @inline
  static dots2<T>(indices: usize, values: usize, table: usize, e: usize, end: usize, w: usize, pitch: usize): v128 {
    const step = sparse.bytes<T>();
    let aF64x2 = f64x2.splat(0);
    for (; e < end; e++) {
      const at = w + <usize>load<u32>(indices + (e << 2)) * pitch;
      const xF64x2 = f64x2.splat(sparse.value<T>(values + e * step, table));
      aF64x2 = f64x2.add(aF64x2, f64x2.mul(xF64x2, v128.load(at)));
    }
    return aF64x2;
  }

  /** m = X·W + bias: rows × classes f64. w: columns f64, of several classes columns × pitch; bias: classes f64. */
  static margins<T>(
    starts: usize,
    indices: usize,
    values: usize,
    table: usize,
    rows: i32,
    w: usize,
    pitch: i32,
    bias: usize,
    classes: i32,
    m: usize,
  ): void {
    const wBytes = (<usize>pitch) << 3;
    const add = load<f64>(bias);
    for (let row = 0; row < rows; row++) {
      const e = <usize>load<u32>(starts);
      const end = <usize>load<u32>(starts, 4);
      starts += 4;
      if (classes == 1) {
        store<f64>(m, sparse.dot<T>(indices, values, table, e, end, w) + add);
        m += 8;
        continue;
      }
      let k: usize = 0;
      const own = m;
      const bytes = (<usize>classes) << 3;
      for (; k + 64 <= bytes; k += 64) {
        sparse.dots8<T>(indices, values, table, e, end, w + k, wBytes, m + k);
      }
      for (; k + 16 <= bytes; k += 16) {
        v128.store(m + k, sparse.dots2<T>(indices, values, table, e, end, w + k, wBytes));
      }
      if (k < bytes) v128.store64_lane(m + k, sparse.dots2<T>(indices, values, table, e, end, w + k, wBytes), 0);
      for (k = 0; k < bytes; k += 8) store<f64>(own + k, load<f64>(own + k) + load<f64>(bias + k));
      m += bytes;
    }
  }

  /** G += Xᵀ·C. c: rows × classes f64; g: columns f64, of several classes columns × pitch. */
  static gradient<T>(
    starts: usize,
    indices: usize,
    values: usize,
    table: usize,
    rows: i32,
    c: usize,
    classes: i32,
    g: usize,
    pitch: i32,
  ): void {
    for (let row = 0; row < rows; row++) {
      const e = <usize>load<u32>(starts);
      const end = <usize>load<u32>(starts, 4);
      if (classes == 1) sparse.add<T>(indices, values, table, e, end, load<f64>(c), g);
      else sparse.addMany<T>(indices, values, table, e, end, c, classes, g, pitch);
      starts += 4;
      c += (<usize>classes) << 3;
    }
  }

  /** g += c·x for one row. Its columns differ from one another, so that four of them can be read before the first is written. */
  @inline
  static add<T>(indices: usize, values: usize, table: usize, e: usize, end: usize, c: f64, g: usize): void {
    const step = sparse.bytes<T>();
    let index = indices + (e << 2);
    let x = values + e * step;
    const last = indices + (end << 2);
    for (; index + 16 <= last; index += 16) {
      const at0 = sparse.place(g, index);
      const at1 = sparse.place(g, index + 4);
      const at2 = sparse.place(g, index + 8);
      const at3 = sparse.place(g, index + 12);
      const sum0 = load<f64>(at0) + c * sparse.value<T>(x, table);
      const sum1 = load<f64>(at1) + c * sparse.value<T>(x + step, table);
      const sum2 = load<f64>(at2) + c * sparse.value<T>(x + 2 * step, table);
      const sum3 = load<f64>(at3) + c * sparse.value<T>(x + 3 * step, table);
      store<f64>(at0, sum0);
      store<f64>(at1, sum1);
      store<f64>(at2, sum2);
      store<f64>(at3, sum3);
      x += 4 * step;
    }
    for (; index < last; index += 4) {
      const at = sparse.place(g, index);
      store<f64>(at, load<f64>(at) + c * sparse.value<T>(x, table));
      x += step;
    }
  }

  static addMany<T>(
    indices: usize,
    values: usize,
    table: usize,
    e: usize,
    end: usize,
    c: usize,
    classes: i32,
    g: usize,
    pitch: i32,
  ): void {
    const step = sparse.bytes<T>();
    const pairs = (<usize>(classes & ~1)) << 3;
    for (; e < end; e++) {
      const at = g + <usize>load<u32>(indices + (e << 2)) * ((<usize>pitch) << 3);
      const xF64x2 = f64x2.splat(sparse.value<T>(values + e * step, table));
      for (let k: usize = 0; k < pairs; k += 16) {
        v128.store(at + k, f64x2.add(v128.load(at + k), f64x2.mul(xF64x2, v128.load(c + k))));
      }
      if (classes & 1) {
        const sum = load<f64>(at + pairs) + f64x2.extract_lane(xF64x2, 0) * load<f64>(c + pairs);
        store<f64>(at + pairs, sum);
      }
    }
  }

  /** q[j] += Σ d·x², s[j] += Σ d·x. d: rows f32, or 0 for ones; q, s: columns f64. Returns Σ d. */
  static moments<T>(
    starts: usize,
    indices: usize,
    values: usize,
    table: usize,
    rows: i32,
    d: usize,
    q: usize,
    s: usize,
  ): f64 {
    const step = sparse.bytes<T>();
    let total: f64 = 0;
    for (let row: usize = 0; row < <usize>rows; row++) {
      const weight: f64 = d ? <f64>load<f32>(d + (row << 2)) : 1;
      total += weight;
      const end = <usize>load<u32>(starts + (row << 2), 4);
      for (let e = <usize>load<u32>(starts + (row << 2)); e < end; e++) {
        const at = (<usize>load<u32>(indices + (e << 2))) << 3;
        const x = sparse.value<T>(values + e * step, table);
        const part = weight * x;
        store<f64>(s + at, load<f64>(s + at) + part);
        store<f64>(q + at, load<f64>(q + at) + part * x);
      }
    }
    return total;
  }

  /** Upper part of G += Σ d·x·xᵀ: as much work as pairs of entries. d: rows f32; g: columns² f64. */
  static gram<T>(
    starts: usize,
    indices: usize,
    values: usize,
    table: usize,
    rows: i32,
    d: usize,
    columns: i32,
    g: usize,
  ): void {
    const step = sparse.bytes<T>();
    for (let row: usize = 0; row < <usize>rows; row++) {
      const weight = <f64>load<f32>(d + (row << 2));
      const end = <usize>load<u32>(starts + (row << 2), 4);
      for (let e = <usize>load<u32>(starts + (row << 2)); e < end; e++) {
        const part = weight * sparse.value<T>(values + e * step, table);
        const to = g + ((<usize>load<u32>(indices + (e << 2)) * <usize>columns) << 3);
        sparse.add<T>(indices, values, table, e, end, part, to);
      }
    }
  }
}
