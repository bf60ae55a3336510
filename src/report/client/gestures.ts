import { exp } from "../../kernels/math.ts";

/** What a person can do to a view, in CSS pixels from its corner. */
export interface Gestures {
  readonly move: (x: number, y: number) => void;
  readonly leave: () => void;
  readonly click: (x: number, y: number) => void;
  readonly pan: (dx: number, dy: number) => void;
  readonly zoomAt: (by: number, x: number, y: number) => void;
  readonly fit: () => void;
  readonly drawsLasso: (event: PointerEvent) => boolean;
  readonly lasso: (corners: number[], done: boolean, add: boolean) => void;
}

/** Turns pointer, wheel and key events into gestures: drag pans (or draws a lasso), wheel and pinch zoom, arrows pan. */
export function listen(host: HTMLElement, gestures: Gestures): void {
  const down = new Map<number, readonly [number, number]>();
  let start: readonly [number, number] | null = null;
  let corners: number[] | null = null;
  const at = (event: MouseEvent): readonly [number, number] => {
    const box = host.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  host.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    const here = at(event);
    host.setPointerCapture(event.pointerId);
    down.set(event.pointerId, here);
    start = down.size === 1 ? here : null;
    corners = down.size === 1 && gestures.drawsLasso(event) ? [...here] : null;
  });
  host.addEventListener("pointermove", (event) => {
    const [x, y] = at(event);
    const last = down.get(event.pointerId);
    if (last === undefined) return gestures.move(x, y);
    if (down.size === 2) {
      const [other] = [...down].filter(([id]) => id !== event.pointerId).map(([, p]) => p);
      const before = distance(last, other);
      if (before > 0)
        gestures.zoomAt(distance([x, y], other) / before, (x + other[0]) / 2, (y + other[1]) / 2);
      gestures.pan((x - last[0]) / 2, (y - last[1]) / 2);
    } else if (start !== null && distance(start, [x, y]) > 3) start = null;
    if (down.size === 1 && start === null) {
      if (corners === null) gestures.pan(x - last[0], y - last[1]);
      else {
        corners.push(x, y);
        gestures.lasso(corners, false, false);
      }
    }
    if (start === null) down.set(event.pointerId, [x, y]);
  });
  const up = (event: PointerEvent): void => {
    if (!down.delete(event.pointerId)) return;
    if (start !== null && event.type === "pointerup") gestures.click(...start);
    else if (corners !== null) gestures.lasso(corners, true, event.altKey);
    start = null;
    corners = null;
  };
  host.addEventListener("pointerup", up);
  host.addEventListener("pointercancel", up);
  host.addEventListener("pointerleave", gestures.leave);
  host.addEventListener("dblclick", gestures.fit);
  host.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const lines = event.deltaMode === 1 ? 30 : 1;
      const by = Math.max(-200, Math.min(200, event.deltaY * lines));
      gestures.zoomAt(exp(-by * (event.ctrlKey ? 0.008 : 0.0022)), ...at(event));
    },
    { passive: false },
  );
  host.addEventListener("keydown", (event) => {
    const center = [host.clientWidth / 2, host.clientHeight / 2] as const;
    const act: Record<string, () => void> = {
      ArrowLeft: () => gestures.pan(40, 0),
      ArrowRight: () => gestures.pan(-40, 0),
      ArrowUp: () => gestures.pan(0, 40),
      ArrowDown: () => gestures.pan(0, -40),
      "+": () => gestures.zoomAt(1.3, ...center),
      "=": () => gestures.zoomAt(1.3, ...center),
      "-": () => gestures.zoomAt(1 / 1.3, ...center),
      "0": gestures.fit,
    };
    if (act[event.key] === undefined || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    act[event.key]();
  });
}

function distance(a: readonly [number, number], b: readonly [number, number]): number {
  return Math.sqrt((a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1]));
}
