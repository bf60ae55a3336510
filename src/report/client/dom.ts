/** The element with this id; the page is made together with this script, so it is there. */
export function byId<E extends HTMLElement = HTMLElement>(id: string): E {
  return document.getElementById(id) as E;
}

/** A new element with properties and children; strings become text, never markup. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Readonly<Record<string, string>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

const themeColors = new Map<string, string>();

/** The color of a style variable as the page shows it now. */
export function themeColor(name: string): string {
  const known = themeColors.get(name);
  if (known !== undefined) return known;
  const probe = element("span");
  document.body.append(probe);
  probe.style.color = `var(${name})`;
  const { color } = getComputedStyle(probe);
  probe.remove();
  themeColors.set(name, color);
  return color;
}

/** Forgets colors after a change between light and dark. */
export function forgetThemeColors(): void {
  themeColors.clear();
}

/** A color of the page's theme as a packed pixel. */
export function themePixel(name: string): number {
  const [r, g, b] = (themeColor(name).match(/[\d.]+/g) ?? ["0", "0", "0"]).map(Number);
  return (0xff000000 | (b << 16) | (g << 8) | r) >>> 0;
}

/** Device pixels per CSS pixel, at most 2: more costs time and shows nothing. */
export function pixelRatio(): number {
  return Math.min(2, Math.max(1, window.devicePixelRatio || 1));
}

/** Gives a canvas the size of its box at `ratio` pixels per CSS pixel; true if that changed. */
export function fitCanvas(canvas: HTMLCanvasElement, width: number, height: number, ratio: number): boolean {
  const w = Math.max(1, Math.round(width * ratio));
  const h = Math.max(1, Math.round(height * ratio));
  if (canvas.width === w && canvas.height === h) return false;
  canvas.width = w;
  canvas.height = h;
  return true;
}
