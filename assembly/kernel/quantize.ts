// Values → codes, once, nearest, per column: code = clamp(floor((x − offset)·inverseScale + 0.5), ±Q).
// docs/numerics.md §2 and §3. Source: HALP §2 (low-precision formats); symmetric range so that two int8 products fit int16.
import { element } from "./columns";

@unmanaged
export abstract class quantize {
  /**
   * codes: rows × codeStrideBytes of X (int8, int16; float32 for the plane of reals), zero-filled before.
   * offset, inverseScale: columns f64. intercept: the code of column `columns`, 0 for none.
   * Returns how many rows hold a clipped value.
   */
  static rows<T, X>(
    x: usize,
    strideBytes: usize,
    rows: i32,
    columns: i32,
    offset: usize,
    inverseScale: usize,
    codes: usize,
    codeStrideBytes: usize,
    intercept: f64,
  ): i32 {
    const limit: f64 = sizeof<X>() == 1 ? 127 : 32767;
    let clippedRows = 0;
    for (let row = 0; row < rows; row++) {
      let clipped = 0;
      for (let j: usize = 0; j < <usize>columns; j++) {
        const centred = element.at<T>(x, j) - load<f64>(offset + (j << 3));
        const at = codes + j * sizeof<X>();
        if (isFloat<X>()) {
          store<f32>(at, <f32>(centred / load<f64>(inverseScale + (j << 3))));
        } else {
          const code = floor(centred * load<f64>(inverseScale + (j << 3)) + 0.5);
          const inside = max(min(code, limit), -limit);
          clipped |= i32(inside != code);
          store<X>(at, <X>(<i32>inside));
        }
      }
      if (intercept != 0) store<X>(codes + <usize>columns * sizeof<X>(), <X>intercept);
      clippedRows += clipped;
      x += strideBytes;
      codes += codeStrideBytes;
    }
    return clippedRows;
  }

  /** Rows that hold a value whose code would be clipped to ±limit. Same arithmetic as `rows`, nothing written. */
  static countClipped<T>(
    x: usize,
    strideBytes: usize,
    rows: i32,
    columns: i32,
    offset: usize,
    inverseScale: usize,
    limit: f64,
  ): i32 {
    let clippedRows = 0;
    for (let row = 0; row < rows; row++) {
      for (let j: usize = 0; j < <usize>columns; j++) {
        const centred = element.at<T>(x, j) - load<f64>(offset + (j << 3));
        if (abs(floor(centred * load<f64>(inverseScale + (j << 3)) + 0.5)) > limit) {
          clippedRows++;
          break;
        }
      }
      x += strideBytes;
    }
    return clippedRows;
  }

  /**
   * 16-bit codes as two int8 planes: x16 = clamp(floor((x − offset)·256·inverseScale + 0.5), ±32512), high = (x16 + 128) >> 8 in
   * ±127, low = x16 − 256·high in −128..127.
   * The high plane doubles as the int8 codes: `intercept` is the code of its column `columns`, 0 for none.
   */
  static planes<T>(
    x: usize,
    strideBytes: usize,
    rows: i32,
    columns: i32,
    offset: usize,
    inverseScale: usize,
    high: usize,
    low: usize,
    codeStrideBytes: usize,
    intercept: i32,
  ): void {
    for (let row = 0; row < rows; row++) {
      if (intercept) store<i8>(high + <usize>columns, <i8>intercept);
      for (let j: usize = 0; j < <usize>columns; j++) {
        const centred = element.at<T>(x, j) - load<f64>(offset + (j << 3));
        const scaled = floor(centred * (256 * load<f64>(inverseScale + (j << 3))) + 0.5);
        const code = <i32>max(min(scaled, 32512), -32512);
        const upper = (code + 128) >> 8;
        store<i8>(high + j, <i8>upper);
        store<i8>(low + j, <i8>(code - (upper << 8)));
      }
      x += strideBytes;
      high += codeStrideBytes;
      low += codeStrideBytes;
    }
  }

  /** out = passOffset + passScale·(256·high + low), float64; passScale, passOffset: columns f64. */
  static decodePlanes(
    high: usize,
    low: usize,
    strideBytes: usize,
    rows: i32,
    columns: i32,
    passScale: usize,
    passOffset: usize,
    out: usize,
    outStrideBytes: usize,
  ): void {
    for (let row = 0; row < rows; row++) {
      for (let j: usize = 0; j < <usize>columns; j++) {
        const code = ((<i32>load<i8>(high + j)) << 8) + <i32>load<i8>(low + j);
        const value = load<f64>(passOffset + (j << 3)) + load<f64>(passScale + (j << 3)) * <f64>code;
        store<f64>(out + (j << 3), value);
      }
      high += strideBytes;
      low += strideBytes;
      out += outStrideBytes;
    }
  }

  /** Element-wise conversion to a narrower type that is known to hold every value. Strides in bytes. */
  static narrow<T, X>(x: usize, strideBytes: usize, rows: i32, columns: i32, out: usize, outStrideBytes: usize): void {
    for (let row = 0; row < rows; row++) {
      for (let j: usize = 0; j < <usize>columns; j++) {
        store<X>(out + j * sizeof<X>(), <X>load<T>(x + j * sizeof<T>()));
      }
      x += strideBytes;
      out += outStrideBytes;
    }
  }
}
