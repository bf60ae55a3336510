import { themeColor } from "./dom.ts";

/** A bar of 1, 2 or 5 times a power of ten micrometers, 60 to 150 pixels long. */
export function drawScaleBar(
  context: CanvasRenderingContext2D,
  ink: string,
  micronsPerPixel: number,
  height: number,
): void {
  let microns = 1;
  while (microns * 10 <= 150 * micronsPerPixel) microns *= 10;
  while (microns > 150 * micronsPerPixel) microns /= 10;
  if (microns * 5 <= 150 * micronsPerPixel) microns *= 5;
  else if (microns * 2 <= 150 * micronsPerPixel) microns *= 2;
  const length = microns / micronsPerPixel;
  const words = microns >= 1000 ? `${microns / 1000} mm` : `${Number(microns.toPrecision(1))} \u00b5m`;
  context.font = "600 12px system-ui, sans-serif";
  const width = Math.max(length, context.measureText(words).width) + 16;
  context.fillStyle = themeColor("--veil");
  context.beginPath();
  context.roundRect(10, height - 44, width, 34, 5);
  context.fill();
  context.fillStyle = ink;
  context.fillRect(18, height - 19, length, 3);
  context.fillText(words, 18, height - 26);
}
