// Histograms of distances from points to those before them in a list, by strips: the plane is cut into strips along x and these into
// cells; points are sorted by cell, so that in each strip those near a point lie side by side.
import { countRow, flushHistogram, openHistogram } from "./histogram";

const TASK: usize = 80;

let at: usize = 0;
let xs: usize = 0;
let ys: usize = 0;
let exact: usize = 0;
let originX: f64 = 0;
let originY: f64 = 0;
// Of the task: least x and y of its cells, how many to a unit of length, how many there are.
let cornerX: f64 = 0;
let cornerY: f64 = 0;
let perColumn: f64 = 0;
let perStrip: f64 = 0;
let columns: i32 = 0;
let strips: i32 = 0;

function columnOf(x: f64): usize {
  return <usize>max<f64>(0, min<f64>((x - cornerX) * perColumn, <f64>(columns - 1)));
}

function stripOf(y: f64): usize {
  return <usize>max<f64>(0, min<f64>((y - cornerY) * perStrip, <f64>(strips - 1)));
}

// Adds to f64 found[], for each of `count` tasks, the pairs of a point and one before it in its list. A task is ten doubles: first point
// of the list in `points` (x, y of each), which of the list, from and to; offset of their bins in `found`; least x and y, columns and
// strips per unit of length, how many columns and strips. `x`, `y` (f32), `exactAt` (x, y as f64) have room for the longest list and eight
// places more for each of twice the most strips; `cells` for three numbers to each cell and strip. The rest is in histogram.ts.
export function countEarlier(
  tasks: usize,
  count: i32,
  points: usize,
  middleX: f64,
  middleY: f64,
  reach: f64,
  cells: usize,
  x: usize,
  y: usize,
  exactAt: usize,
  squares: usize,
  bins: i32,
  scale: f32,
  start: f32,
  uncertain: f32,
  tableBits: i32,
  histogramAt: usize,
  tableAt: usize,
  found: usize,
): void {
  xs = x;
  ys = y;
  exact = exactAt;
  originX = middleX;
  originY = middleY;
  openHistogram(x, y, exact, squares, bins, scale, start, uncertain, tableBits, histogramAt, tableAt);
  for (let t = 0; t < count; t++) {
    const task = tasks + <usize>t * TASK;
    at = points + ((<usize>load<f64>(task)) << 4);
    cornerX = load<f64>(task, 32);
    cornerY = load<f64>(task, 40);
    perColumn = load<f64>(task, 48);
    perStrip = load<f64>(task, 56);
    columns = <i32>load<f64>(task, 64);
    strips = <i32>load<f64>(task, 72);
    const from = <i32>load<f64>(task, 8);
    const to = <i32>load<f64>(task, 16);
    const size = (<usize>(columns + 1) * <usize>strips) << 2;
    const before = cells;
    const own = cells + size;
    const next = own + size;
    const place = sort(before, next, 0, from, 0);
    sort(own, next, from, to, place);
    countAll(before, own, reach, bins);
    flushHistogram(found + ((<usize>load<f64>(task, 24)) << 3));
  }
}

// Sorts points by cell into places from `place` on, a strip's filled up by eight at infinity; the places of cell c of strip s
// are starts[s * (columns + 1) + c] to the next. Returns the place after the last.
function sort(starts: usize, next: usize, from: i32, to: i32, place: i32): i32 {
  const width = columns + 1;
  const size = (<usize>width * <usize>strips) << 2;
  memory.fill(starts, 0, size);
  for (let i = from; i < to; i++) {
    const cell = starts + cellOf(i);
    store<u32>(cell, load<u32>(cell) + 1);
  }
  for (let s = 0; s < strips; s++) {
    for (let c = 0; c < width; c++) {
      const cell = starts + ((<usize>(s * width + c)) << 2);
      const points = load<u32>(cell);
      store<u32>(cell, place);
      place += points;
    }
    for (let k = 0; k < 8; k++) put(place++, Infinity, 0);
  }
  memory.copy(next, starts, size);
  for (let i = from; i < to; i++) {
    const cell = next + cellOf(i);
    const own = load<i32>(cell);
    store<u32>(cell, own + 1);
    put(own, load<f64>(at + ((<usize>i) << 4)), load<f64>(at + ((<usize>i) << 4), 8));
  }
  return place;
}

function cellOf(i: i32): usize {
  const point = at + ((<usize>i) << 4);
  return (stripOf(load<f64>(point, 8)) * <usize>(columns + 1) + columnOf(load<f64>(point))) << 2;
}

function put(place: i32, x: f64, y: f64): void {
  store<f32>(xs + ((<usize>place) << 2), <f32>(x - originX));
  store<f32>(ys + ((<usize>place) << 2), <f32>(y - originY));
  store<f64>(exact + ((<usize>place) << 4), x);
  store<f64>(exact + ((<usize>place) << 4), y, 8);
}

function countAll(before: usize, own: usize, reach: f64, bins: i32): void {
  const width = (<usize>(columns + 1)) << 2;
  const height = 1 / perStrip;
  for (let s = 0; s < strips; s++) {
    const row = own + <usize>s * width;
    const after = load<i32>(row + width - 4);
    for (let i = load<i32>(row); i < after; i++) {
      const x = load<f64>(exact + ((<usize>i) << 4));
      const y = load<f64>(exact + ((<usize>i) << 4), 8);
      const top = <i32>stripOf(y + reach);
      for (let t = <i32>stripOf(y - reach); t <= top; t++) {
        const low = cornerY + <f64>t * height;
        const gap = max<f64>(0, max<f64>(low - y, y - low - height));
        const square = reach * reach - gap * gap;
        if (square < 0) continue;
        const far = sqrt(square);
        const first = <usize>t * width + (columnOf(x - far) << 2);
        const last = <usize>t * width + (columnOf(x + far) << 2) + 4;
        const start = load<i32>(before + first);
        const end = load<i32>(before + last);
        if (start < end) countRow(i, start, end, 0, bins);
        if (t < s) continue;
        const ownStart = t == s ? i + 1 : load<i32>(own + first);
        const ownEnd = load<i32>(own + last);
        if (ownStart < ownEnd) countRow(i, ownStart, ownEnd, 0, bins);
      }
    }
  }
}
