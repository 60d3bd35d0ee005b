// SPDX-License-Identifier: Apache-2.0
// The three products of a dense layer, four rows at a time: what was loaded is used four times. Sizes that four does
// not divide are finished one by one.

/** y [batch, rows] = x [batch, columns] weight^T + bias */
export function forward(x: Float64Array, weight: Float64Array, bias: Float64Array, y: Float64Array, batch: number, rows: number, columns: number): void {
  for (let b = 0; b < batch; ++b) {
    const from = b * columns;
    const to = b * rows;
    let o = 0;
    for (; o + 4 <= rows; o += 4) {
      let at0 = o * columns;
      let at1 = at0 + columns;
      let at2 = at1 + columns;
      let at3 = at2 + columns;
      let y0 = bias[o]!;
      let y1 = bias[o + 1]!;
      let y2 = bias[o + 2]!;
      let y3 = bias[o + 3]!;
      for (let i = from; i < from + columns; ++i) {
        const value = x[i]!;
        y0 += value * weight[at0++]!;
        y1 += value * weight[at1++]!;
        y2 += value * weight[at2++]!;
        y3 += value * weight[at3++]!;
      }
      y[to + o] = y0;
      y[to + o + 1] = y1;
      y[to + o + 2] = y2;
      y[to + o + 3] = y3;
    }
    for (; o < rows; ++o) {
      let sum = bias[o]!;
      for (let i = 0; i < columns; ++i) sum += x[from + i]! * weight[o * columns + i]!;
      y[to + o] = sum;
    }
  }
}

/** to [m, n] = sum over k of factor [m, k] (or, transposed, [k, m]) times values [k, n] */
function accumulate(
  factor: Float64Array, ofRow: number, ofK: number, values: Float64Array, to: Float64Array, m: number, k: number, n: number,
): void {
  to.fill(0);
  for (let row = 0; row < m; ++row) {
    const first = row * n;
    let j = 0;
    for (; j + 4 <= k; j += 4) {
      const at = row * ofRow + j * ofK;
      const f0 = factor[at]!;
      const f1 = factor[at + ofK]!;
      const f2 = factor[at + 2 * ofK]!;
      const f3 = factor[at + 3 * ofK]!;
      let at0 = j * n;
      let at1 = at0 + n;
      let at2 = at1 + n;
      let at3 = at2 + n;
      for (let i = first; i < first + n; ++i) {
        to[i] = to[i]! + (f0 * values[at0++]! + f1 * values[at1++]! + f2 * values[at2++]! + f3 * values[at3++]!);
      }
    }
    for (; j < k; ++j) {
      const f = factor[row * ofRow + j * ofK]!;
      for (let i = 0; i < n; ++i) to[first + i]! += f * values[j * n + i]!;
    }
  }
}

/** gradX [batch, columns] = gradY [batch, rows] weight */
export function backwardInput(gradY: Float64Array, weight: Float64Array, gradX: Float64Array, batch: number, rows: number, columns: number): void {
  accumulate(gradY, rows, 1, weight, gradX, batch, rows, columns);
}

/** gradWeight [rows, columns] = gradY^T x */
export function backwardWeight(gradY: Float64Array, x: Float64Array, gradWeight: Float64Array, batch: number, rows: number, columns: number): void {
  accumulate(gradY, 1, rows, x, gradWeight, rows, batch, columns);
}
