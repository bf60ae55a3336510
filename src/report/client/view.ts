import { type Camera, dotRadius, drawPoints, pointGrid, typicalSpacing } from "../../plot/points.ts";
import type { Painted } from "./coloring.ts";
import { element, fitCanvas, pixelRatio, themeColor } from "./dom.ts";
import { listen } from "./gestures.ts";
import { drawScaleBar } from "./scale-bar.ts";

/** What a view tells the page. */
export interface ViewEvents {
  readonly hover: (point: number, x: number, y: number) => void;
  readonly pick: (point: number) => void;
  readonly lasso: (inside: Uint8Array, add: boolean) => void;
  readonly lassoMode: () => boolean;
}

export interface ViewData {
  readonly n: number;
  /** x, y per point; NaN is not drawn */
  readonly points: Float32Array;
  /** Dots as large as half the spacing of the points (tissue), or by their number (UMAP). */
  readonly dots: "spacing" | "number";
  readonly image?: {
    readonly source: HTMLImageElement;
    readonly place: readonly [x: number, y: number, w: number, h: number];
  };
  readonly micronsPerUnit?: number | null;
}

/** A picture of points that can be moved, zoomed and asked. */
export interface View {
  paint(painted: Painted): void;
  mark(point: number): void;
  setDots(factor: number): void;
  setImage(shown: boolean): void;
  fit(): void;
  zoom(factor: number): void;
  pan(dx: number, dy: number): void;
  /** Draws at once and says how long it took, in ms. */
  drawNow(): number;
  /** Where a point is in the view, in CSS pixels. */
  place(point: number): readonly [number, number];
  /** How many points of a mask have a place in this view. */
  countOf(mask: Uint8Array): number;
}

export function createView(host: HTMLElement, data: ViewData, events: ViewEvents): View {
  const under = element("canvas", { class: "layer", "aria-hidden": "true" });
  const dots = element("canvas", { class: "layer dots", "aria-hidden": "true" });
  const above = element("canvas", { class: "layer", "aria-hidden": "true" });
  host.prepend(under, dots, above);

  const { n, points } = data;
  const bounds = boundsOf(points, n, data.image?.place);
  const spacing = Math.min(typicalSpacing(points, 2, n), bounds.size / 20);
  const grid = pointGrid(points, 2, n, Math.max(bounds.size / 300, spacing));
  let camera: Camera = { scale: 1, x: 0, y: 0 };
  let fitScale = 1;
  let painted: Painted = { colors: new Uint32Array(n), order: new Uint32Array(0) };
  let picture = new ImageData(1, 1);
  let marked = -1;
  let factor = 1;
  let imageShown = true;
  let path: number[] = [];
  let asked = false;
  let moving = 0;
  let touched = false;

  const dotSize = dotRadius(spacing, bounds.width * bounds.height, n);
  const room = data.dots === "spacing" ? spacing : 0;

  const fit = (): void => {
    const { clientWidth: w, clientHeight: h } = host;
    const scale = Math.min((w - 30) / (bounds.width + room), (h - 30) / (bounds.height + room));
    fitScale = scale;
    camera = { scale, x: w / 2 - bounds.x * scale, y: h / 2 - bounds.y * scale };
    touched = false;
    request();
  };

  const radius = (): number => {
    const natural =
      data.dots === "spacing"
        ? dotSize * camera.scale
        : Math.max(0.9, Math.min(4, 130 / Math.sqrt(n))) * Math.sqrt(camera.scale / fitScale);
    return Math.min(60, Math.max(0.6, natural * factor));
  };

  const draw = (): number => {
    const start = performance.now();
    const ratio = moving === 0 ? pixelRatio() : 1;
    const { clientWidth: w, clientHeight: h } = host;
    for (const canvas of [under, dots, above]) fitCanvas(canvas, w, h, ratio);
    drawImage(under, ratio);
    const context = dots.getContext("2d") as CanvasRenderingContext2D;
    if (picture.width !== dots.width || picture.height !== dots.height)
      picture = context.createImageData(dots.width, dots.height);
    const pixels = new Uint32Array(picture.data.buffer);
    pixels.fill(0);
    drawPoints(
      { width: dots.width, height: dots.height, pixels },
      { data: points, stride: 2, colors: painted.colors, order: painted.order },
      { scale: camera.scale * ratio, x: camera.x * ratio, y: camera.y * ratio },
      radius() * ratio,
    );
    context.putImageData(picture, 0, 0);
    drawAbove(ratio);
    host.style.touchAction = camera.scale > fitScale * 1.05 ? "none" : "pan-y";
    return performance.now() - start;
  };

  const drawImage = (canvas: HTMLCanvasElement, ratio: number): void => {
    const context = canvas.getContext("2d") as CanvasRenderingContext2D;
    context.clearRect(0, 0, canvas.width, canvas.height);
    const image = data.image;
    if (image === undefined || !imageShown || !image.source.complete) return;
    const [x, y, w, h] = image.place;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.drawImage(
      image.source,
      x * camera.scale + camera.x,
      y * camera.scale + camera.y,
      w * camera.scale,
      h * camera.scale,
    );
    context.setTransform(1, 0, 0, 1, 0, 0);
  };

  const drawAbove = (ratio: number): void => {
    const context = above.getContext("2d") as CanvasRenderingContext2D;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, above.width, above.height);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const ink = themeColor("--ink");
    if (marked >= 0 && painted.colors[marked] !== 0) {
      const [x, y] = place(marked);
      context.beginPath();
      context.arc(x, y, radius() + 3, 0, 7);
      context.lineWidth = 2;
      context.strokeStyle = ink;
      context.stroke();
    }
    if (path.length > 2) {
      context.beginPath();
      for (let k = 0; k < path.length; k += 2) context.lineTo(path[k], path[k + 1]);
      context.closePath();
      context.lineWidth = 1.5;
      context.strokeStyle = ink;
      context.setLineDash([4, 3]);
      context.stroke();
      context.setLineDash([]);
    }
    if (data.micronsPerUnit)
      drawScaleBar(context, ink, data.micronsPerUnit / camera.scale, host.clientHeight);
  };

  const request = (): void => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      draw();
    });
  };

  const place = (i: number): readonly [number, number] => [
    points[2 * i] * camera.scale + camera.x,
    points[2 * i + 1] * camera.scale + camera.y,
  ];

  /** While the view moves it is drawn in plain pixels; fine ones follow when it rests. */
  const move = (next: Camera): void => {
    camera = next;
    touched = true;
    clearTimeout(moving);
    moving = window.setTimeout(() => {
      moving = 0;
      request();
    }, 150);
    request();
  };

  const zoomAt = (by: number, x: number, y: number): void => {
    const scale = Math.max(fitScale * 0.5, Math.min(fitScale * 200, camera.scale * by));
    const k = scale / camera.scale;
    move({ scale, x: x - (x - camera.x) * k, y: y - (y - camera.y) * k });
  };

  const pan = (dx: number, dy: number): void => {
    move({ ...camera, x: camera.x + dx, y: camera.y + dy });
  };

  const nearest = (x: number, y: number): number => {
    const reach = Math.max(6, radius() + 2) / camera.scale;
    const i = grid.nearest((x - camera.x) / camera.scale, (y - camera.y) / camera.scale, reach);
    return i >= 0 && painted.colors[i] !== 0 ? i : -1;
  };

  const enclosed = (): Uint8Array => {
    const mask = new Uint8Array(n);
    for (let i = 0; i < n; i++) {
      const [x, y] = place(i);
      if (painted.colors[i] !== 0 && inside(path, x, y)) mask[i] = 1;
    }
    return mask;
  };

  listen(host, {
    move: (x, y) => events.hover(nearest(x, y), x, y),
    leave: () => events.hover(-1, 0, 0),
    click: (x, y) => events.pick(nearest(x, y)),
    pan,
    zoomAt,
    fit,
    drawsLasso: (event) => event.shiftKey || events.lassoMode(),
    lasso: (corners, done, add) => {
      path = corners;
      if (done) {
        if (corners.length >= 6) events.lasso(enclosed(), add);
        path = [];
      }
      request();
    },
  });
  new ResizeObserver(() => (touched ? request() : fit())).observe(host);
  data.image?.source.addEventListener("load", request);

  return {
    paint: (next) => {
      painted = next;
      request();
    },
    mark: (i) => {
      if (i === marked) return;
      marked = i;
      request();
    },
    setDots: (next) => {
      factor = next;
      request();
    },
    setImage: (shown) => {
      imageShown = shown;
      request();
    },
    fit,
    zoom: (by) => zoomAt(by, host.clientWidth / 2, host.clientHeight / 2),
    pan,
    drawNow: draw,
    place,
    countOf: (mask) => {
      let found = 0;
      for (let i = 0; i < n; i++) if (mask[i] === 1 && points[2 * i] === points[2 * i]) found++;
      return found;
    },
  };
}

/** Whether a place lies in a polygon (even-odd rule). */
function inside(path: readonly number[], x: number, y: number): boolean {
  let within = false;
  for (let k = 0, j = path.length - 2; k < path.length; j = k, k += 2) {
    const [x1, y1, x2, y2] = [path[k], path[k + 1], path[j], path[j + 1]];
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) within = !within;
  }
  return within;
}

function boundsOf(
  points: Float32Array,
  n: number,
  image: readonly [number, number, number, number] | undefined,
): { x: number; y: number; width: number; height: number; size: number } {
  let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < n; i++) {
    const [x, y] = [points[2 * i], points[2 * i + 1]];
    if (x !== x || y !== y) continue;
    x0 = Math.min(x0, x);
    x1 = Math.max(x1, x);
    y0 = Math.min(y0, y);
    y1 = Math.max(y1, y);
  }
  if (x0 > x1)
    [x0, y0, x1, y1] = image ? [image[0], image[1], image[0] + image[2], image[1] + image[3]] : [0, 0, 1, 1];
  const width = x1 - x0 || 1;
  const height = y1 - y0 || 1;
  return { x: (x0 + x1) / 2, y: (y0 + y1) / 2, width, height, size: Math.max(width, height) };
}
