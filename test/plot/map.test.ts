import { describe, expect, it } from "vitest";
import { categorical, dense } from "../../src/model/index.ts";
import { mapFigure, renderSvg } from "../../src/plot/index.ts";

describe("mapFigure", () => {
  const lattice = (n: number) => {
    const side = Math.ceil(Math.sqrt(n));
    return dense(
      n,
      2,
      Float32Array.from({ length: 2 * n }, (_, k) =>
        k % 2 === 0 ? (k >> 1) % side : Math.floor((k >> 1) / side),
      ),
    );
  };
  const alternating = (n: number) =>
    categorical(
      Int32Array.from({ length: n }, (_, i) => (i % 3) - 1),
      ["a", "b"],
    );

  it("draws few points one by one and many as one picture, with the same legend", async () => {
    const few = await renderSvg(await mapFigure(lattice(100), alternating(100), { title: "group" }));
    expect(few).not.toContain("<image");
    expect(few.match(/#0072B2/g)?.length).toBe(33 + 1);
    const many = await renderSvg(await mapFigure(lattice(6400), alternating(6400), { title: "group" }));
    expect(many.match(/<image/g)?.length).toBe(1);
    expect(many).toContain("data:image/png;base64,iVBOR");
    expect(many.length).toBeLessThan(500000);
    for (const svg of [few, many]) for (const word of [">a<", ">b<", ">group<"]) expect(svg).toContain(word);
    expect(few).toContain(">not assigned<");
  });

  it("leaves out points without a place and draws missing numbers in gray", async () => {
    const points = dense(3, 2, Float32Array.of(0, 0, NaN, 1, 5, 5));
    const svg = await renderSvg(await mapFigure(points, Float64Array.of(1, 2, 3)));
    expect(svg.match(/<path[^>]*transform="translate\([^>]*fill="rgb/g)?.length).toBe(2);
  });

  it("refuses lengths that differ and does not change its arguments", async () => {
    await expect(mapFigure(lattice(4), [1, 2])).rejects.toThrow("found 4 x 2 and 2");
    const points = lattice(9);
    const before = points.data.slice();
    await mapFigure(points, alternating(9), { y: "up" });
    expect(points.data).toEqual(before);
  });
});
