import { describe, expect, it } from "vitest";
import { parseOme } from "../../src/io/ome.ts";

const xml = (pixels: string, inside: string = "", times: number = 1): string =>
  `<?xml version="1.0"?><!-- <Image> > --><ome:OME xmlns:ome="x">${`<ome:Image Name='a &amp; &#181;'><ome:Pixels ${pixels}>${inside}</ome:Pixels></ome:Image>`.repeat(times)}</ome:OME>`;

describe("OME-XML", () => {
  it("places planes by their order, or where it is told", () => {
    const sizes = 'SizeX="5" SizeY="4" SizeC="2" SizeZ="3" SizeT="2"';
    const [ordered] = parseOme(xml(`${sizes} DimensionOrder="XYZCT"`, "<ome:TiffData/>"));
    expect(ordered).toMatchObject({ name: "a & µ", width: 5, height: 4, depth: 3, pixelSize: null });
    expect(ordered.plane(1, 2)).toEqual({ file: null, page: 5 });
    const [other] = parseOme(xml(`${sizes} DimensionOrder="XYTCZ"`));
    expect(other.plane(1, 2)).toEqual({ file: null, page: 2 * 2 * 2 + 2 });
    const told =
      '<TiffData FirstC="1" FirstZ="2" IFD="7"><UUID FileName="b.tif">u</UUID></TiffData><TiffData IFD="3" PlaneCount="1"/>';
    const [named] = parseOme(xml(`${sizes} DimensionOrder="XYZCT"`, told));
    expect([named.plane(1, 2), named.plane(0, 0), named.plane(0, 1)]).toEqual([
      { file: "b.tif", page: 7 },
      { file: null, page: 3 },
      null,
    ]);
  });

  it("takes sizes of pixels in any unit of length", () => {
    const size = (unit: string): unknown =>
      parseOme(xml(`SizeX="1" SizeY="1" PhysicalSizeX="2" PhysicalSizeY="4" ${unit}`))[0].pixelSize;
    expect(size("")).toEqual([2, 4]);
    expect(size('PhysicalSizeXUnit="nm" PhysicalSizeYUnit="mm"')).toEqual([0.002, 4000]);
    expect(size('PhysicalSizeXUnit="pixel"')).toBeNull();
  });

  it("ends with claims of more planes than files have", () => {
    expect(parseOme(xml('SizeX="1" SizeY="1" SizeC="1e15"'))).toEqual([]);
    expect(parseOme(xml('SizeX="1" SizeY="1" SizeZ="60000"', "", 1000)).length).toBe(1);
    const many = `<Channel SamplesPerPixel="0"/>${'<TiffData PlaneCount="60000"/>'.repeat(20_000)}`;
    expect(parseOme(xml('SizeX="1" SizeY="1" SizeZ="60000"', many))[0].channels.length).toBe(1);
    expect(parseOme("ImageJ=1.53")).toEqual([]);
  });
});
