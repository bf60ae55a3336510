/** A picture of packed colors (0xAABBGGRR, as an ImageData holds them in little-endian memory), row by row. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  /** length width * height */
  readonly pixels: Uint32Array;
}

/** Points to draw: point i lies at data[i * stride], data[i * stride + 1]. */
export interface PointSet {
  readonly data: Float32Array | Float64Array;
  readonly stride: number;
  /** length n: packed opaque colors; 0 leaves the point out */
  readonly colors: Uint32Array;
  /** The order of drawing (later covers earlier); all points in turn where absent. */
  readonly order?: Uint32Array;
}

/** Pixel = data * scale + offset. */
export interface Camera {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

const PHASES = 4;

/** How much of each pixel a disc covers (0 to 255), for 4 x 4 positions of its center within a pixel. */
function discMasks(radius: number): { side: number; reach: number; masks: Uint8Array } {
  const reach = Math.ceil(radius + 0.5);
  const side = 2 * reach + 1;
  const masks = new Uint8Array(PHASES * PHASES * side * side);
  let at = 0;
  for (let py = 0; py < PHASES; py++) {
    for (let px = 0; px < PHASES; px++) {
      for (let y = -reach; y <= reach; y++) {
        for (let x = -reach; x <= reach; x++) {
          const dx = x + 0.5 - (px + 0.5) / PHASES;
          const dy = y + 0.5 - (py + 0.5) / PHASES;
          const cover = radius + 0.5 - Math.sqrt(dx * dx + dy * dy);
          masks[at++] = cover <= 0 ? 0 : cover >= 1 ? 255 : Math.round(cover * 255);
        }
      }
    }
  }
  return { side, reach, masks };
}

/**
 * Draws points as smooth discs of `radius` pixels over what is there. Plain integer work on memory: it gives the same
 * pixels everywhere and needs no graphics hardware. Cost: points times covered pixels; 50,000 points of radius 2
 * take a few milliseconds.
 */
export function drawPoints(raster: Raster, points: PointSet, camera: Camera, radius: number): void {
  const { width, height, pixels } = raster;
  const { data, stride, colors, order } = points;
  const { side, reach, masks } = discMasks(Math.max(0.5, radius));
  const n = colors.length;
  for (let k = 0; k < n; k++) {
    const i = order === undefined ? k : order[k];
    const color = colors[i];
    if (color === 0) continue;
    const cx = data[i * stride] * camera.scale + camera.x;
    const cy = data[i * stride + 1] * camera.scale + camera.y;
    if (!(cx > -reach && cy > -reach && cx < width + reach && cy < height + reach)) continue;
    const ix = Math.floor(cx);
    const iy = Math.floor(cy);
    const phase = Math.floor((cy - iy) * PHASES) * PHASES + Math.floor((cx - ix) * PHASES);
    const base = phase * side * side;
    const left = Math.max(0, reach - ix);
    const right = Math.min(side, width + reach - ix);
    const top = Math.max(0, reach - iy);
    const bottom = Math.min(side, height + reach - iy);
    for (let y = top; y < bottom; y++) {
      let mask = base + y * side + left;
      let at = (iy + y - reach) * width + ix + left - reach;
      for (let x = left; x < right; x++, mask++, at++) {
        const cover = masks[mask];
        if (cover === 0) continue;
        const below = pixels[at];
        if (cover === 255 || below === color) pixels[at] = color;
        else {
          const pair = (cover << 8) | (below >>> 24);
          const part = shares[pair];
          const rest = 256 - part;
          const redBlue = Math.imul(color & 0xff00ff, part) + Math.imul(below & 0xff00ff, rest);
          const green = Math.imul(color & 0xff00, part) + Math.imul(below & 0xff00, rest);
          pixels[at] = (alphas[pair] << 24) | ((redBlue >>> 8) & 0xff00ff) | ((green >>> 8) & 0xff00);
        }
      }
    }
  }
}

/** For a cover (high byte) over a pixel's alpha (low byte): the alpha that results, and the new color's share of 256. */
const alphas = new Uint8Array(65536);
const shares = new Uint16Array(65536);
for (let cover = 0; cover < 256; cover++) {
  for (let alpha = 0; alpha < 256; alpha++) {
    const total = cover * 255 + alpha * (255 - cover);
    alphas[(cover << 8) | alpha] = Math.round(total / 255);
    shares[(cover << 8) | alpha] = total === 0 ? 0 : Math.round((cover * 255 * 256) / total);
  }
}

/**
 * The radius at which dots nearly touch: half the spacing on a lattice, more where cells lie at random (there the nearest
 * neighbor is much closer than the average one), never so much that dots hide each other.
 */
export function dotRadius(spacing: number, area: number, n: number): number {
  const even = Math.sqrt(area / Math.max(1, n));
  return Math.min(0.85 * spacing, Math.max(0.5 * spacing, 0.42 * even));
}

/**
 * The median distance from a point to its nearest other point, over at most 1,000 points taken at even steps: the
 * natural size of a dot. Infinity for fewer than two points.
 */
export function typicalSpacing(data: ArrayLike<number>, stride: number, n: number): number {
  const cells = Math.max(1, Math.floor(Math.sqrt(n)));
  let x0 = Infinity;
  let y0 = Infinity;
  let x1 = -Infinity;
  let y1 = -Infinity;
  for (let i = 0; i < n; i++) {
    const x = data[i * stride];
    const y = data[i * stride + 1];
    if (x !== x || y !== y) continue;
    x0 = Math.min(x0, x);
    x1 = Math.max(x1, x);
    y0 = Math.min(y0, y);
    y1 = Math.max(y1, y);
  }
  if (x0 > x1) return Infinity;
  const size = Math.max(x1 - x0, y1 - y0) / cells || 1;
  const grid = pointGrid(data, stride, n, size);
  const step = Math.max(1, Math.floor(n / 1000));
  const found: number[] = [];
  for (let i = 0; i < n; i += step) {
    const j = grid.nearest(data[i * stride], data[i * stride + 1], 3 * size, i);
    if (j >= 0) found.push(distance(data, stride, i, j));
  }
  found.sort((a, b) => a - b);
  return found.length === 0 ? Infinity : found[found.length >> 1];
}

function distance(data: ArrayLike<number>, stride: number, i: number, j: number): number {
  const dx = data[i * stride] - data[j * stride];
  const dy = data[i * stride + 1] - data[j * stride + 1];
  return Math.sqrt(dx * dx + dy * dy);
}

/** Finds the point nearest to a place. */
export interface PointGrid {
  /** The nearest point within `reach`, or -1; `except` is never returned. */
  nearest(x: number, y: number, reach: number, except?: number): number;
}

/** Sorts points into square cells of the given size; points without a place (NaN) are left out. */
export function pointGrid(data: ArrayLike<number>, stride: number, n: number, size: number): PointGrid {
  const key = (cx: number, cy: number): number => cx * 4194304 + cy;
  const members = new Map<number, number[]>();
  for (let i = 0; i < n; i++) {
    const k = key(Math.floor(data[i * stride] / size), Math.floor(data[i * stride + 1] / size));
    if (k !== k) continue;
    const list = members.get(k);
    if (list === undefined) members.set(k, [i]);
    else list.push(i);
  }
  const nearest = (x: number, y: number, reach: number, except: number = -1): number => {
    const rings = Math.ceil(reach / size);
    let best = -1;
    let bestDistance = reach * reach;
    const cx = Math.floor(x / size);
    const cy = Math.floor(y / size);
    for (let gx = cx - rings; gx <= cx + rings; gx++) {
      for (let gy = cy - rings; gy <= cy + rings; gy++) {
        for (const i of members.get(key(gx, gy)) ?? []) {
          const dx = data[i * stride] - x;
          const dy = data[i * stride + 1] - y;
          const d = dx * dx + dy * dy;
          if (d <= bestDistance && i !== except) {
            best = i;
            bestDistance = d;
          }
        }
      }
    }
    return best;
  };
  return { nearest };
}
