import { dotRadius, drawPoints, typicalSpacing } from "../../plot/points.ts";
import { findVariable, paint } from "./coloring.ts";
import type { Store } from "./decode.ts";
import { fitCanvas, pixelRatio } from "./dom.ts";
import { rampScale } from "./legend.ts";

/** Draws the small gene maps as they come into sight (all of them before printing). */
export function drawMaps(store: Store, open: (key: string) => void): void {
  const tissue = store.payload.tissue;
  if (tissue === null) return;
  const { n } = store.payload;
  const points = store.points(tissue.points);
  const spacing = Math.min(typicalSpacing(points, 2, n), 1e9);
  let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < n; i++) {
    if (points[2 * i] !== points[2 * i]) continue;
    x0 = Math.min(x0, points[2 * i]);
    x1 = Math.max(x1, points[2 * i]);
    y0 = Math.min(y0, points[2 * i + 1]);
    y1 = Math.max(y1, points[2 * i + 1]);
  }
  const radius = dotRadius(spacing, (x1 - x0) * (y1 - y0), n);
  const draw = (canvas: HTMLCanvasElement): void => {
    const variable = findVariable(store, canvas.dataset["key"] ?? "");
    const ratio = pixelRatio();
    if (variable === null || canvas.clientWidth === 0) return;
    if (
      !fitCanvas(canvas, canvas.clientWidth, canvas.clientHeight, ratio) &&
      canvas.dataset["drawn"] === "yes"
    )
      return;
    canvas.dataset["drawn"] = "yes";
    const context = canvas.getContext("2d") as CanvasRenderingContext2D;
    const picture = context.createImageData(canvas.width, canvas.height);
    const margin = 14 * ratio;
    const scale = Math.min(
      (canvas.width - margin) / (x1 - x0 + spacing),
      (canvas.height - margin) / (y1 - y0 + spacing),
    );
    const { colors, order } = paint(variable, new Set(), null, 0);
    drawPoints(
      { width: canvas.width, height: canvas.height, pixels: new Uint32Array(picture.data.buffer) },
      { data: points, stride: 2, colors, order },
      {
        scale,
        x: canvas.width / 2 - ((x0 + x1) / 2) * scale,
        y: canvas.height / 2 - ((y0 + y1) / 2) * scale,
      },
      Math.min(20 * ratio, Math.max(0.6 * ratio, radius * scale)),
    );
    context.putImageData(picture, 0, 0);
    if (variable.kind === "number")
      canvas.parentElement?.querySelector(".scale")?.replaceChildren(...rampScale(variable));
  };
  const canvases = [...document.querySelectorAll<HTMLCanvasElement>("canvas[data-key]")];
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) if (entry.isIntersecting) draw(entry.target as HTMLCanvasElement);
    },
    { rootMargin: "300px" },
  );
  for (const canvas of canvases) {
    watcher.observe(canvas);
    canvas.closest("button")?.addEventListener("click", () => open(canvas.dataset["key"] ?? ""));
  }
  addEventListener("beforeprint", () => canvases.forEach(draw));
}
