/** Where a plane of an OME image lies. */
export interface OmePlane {
  /** The file's name, or null for the one that holds the description. */
  readonly file: string | null;
  readonly page: number;
}

/** What OME-XML says of one image. */
export interface OmeImage {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** Focal planes. */
  readonly depth: number;
  readonly channels: readonly { readonly name: string; readonly samplesPerPixel: number }[];
  /** Micrometres per pixel across and down, or null. */
  readonly pixelSize: readonly [number, number] | null;
  /** Plane of a channel (by number) at a depth, at the first time; null where none is listed. */
  readonly plane: (channel: number, z: number) => OmePlane | null;
}

interface Tag {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly isEnd: boolean;
}

/** Micrometres per unit of length. */
const MICRONS: Readonly<Record<string, number>> = {
  µm: 1,
  μm: 1,
  um: 1,
  micron: 1,
  nm: 0.001,
  mm: 1000,
  cm: 10_000,
};

/** Planes of all images of a file. */
const MOST_PLANES = 65_536;

/** The images that OME-XML describes, in their order, up to 65,536 planes; none where the text is something else. */
export function parseOme(text: string): OmeImage[] {
  if (!/<(\w+:)?OME\b/.test(text.slice(0, 4096))) return [];
  const images: OmeImage[] = [];
  let name = "";
  let pixels: Readonly<Record<string, string>> | null = null;
  let channels: { name: string; samplesPerPixel: number }[] = [];
  let data: { attributes: Readonly<Record<string, string>>; file: string | null }[] = [];
  let planes = 0;
  for (const tag of tags(text)) {
    if (tag.name === "Image" && !tag.isEnd) name = tag.attributes["Name"] ?? "";
    else if (tag.name === "Pixels" && !tag.isEnd) {
      pixels = tag.attributes;
      channels = [];
      data = [];
    } else if (pixels === null) continue;
    else if (tag.name === "Channel" && !tag.isEnd)
      channels.push({
        name: tag.attributes["Name"] ?? "",
        samplesPerPixel: whole(tag.attributes["SamplesPerPixel"], 1),
      });
    else if (tag.name === "TiffData" && !tag.isEnd) data.push({ attributes: tag.attributes, file: null });
    else if (tag.name === "UUID" && !tag.isEnd && data.length > 0)
      data[data.length - 1].file = tag.attributes["FileName"] ?? null;
    else if (tag.name === "Pixels" && tag.isEnd) {
      planes += ["C", "Z", "T"].reduce((all, axis) => all * whole(pixels?.[`Size${axis}`], 1), 1);
      if (!(planes <= MOST_PLANES)) return images;
      images.push(toImage(name, pixels, channels, data));
      pixels = null;
    }
  }
  return images;
}

function toImage(
  name: string,
  pixels: Readonly<Record<string, string>>,
  channels: readonly { readonly name: string; readonly samplesPerPixel: number }[],
  data: readonly { readonly attributes: Readonly<Record<string, string>>; readonly file: string | null }[],
): OmeImage {
  const sizeOf = (axis: string): number => whole(pixels[`Size${axis}`], 1);
  const size = (axis: "X" | "Y"): number => {
    const unit = MICRONS[pixels[`PhysicalSize${axis}Unit`] ?? "µm"] ?? NaN;
    return Number(pixels[`PhysicalSize${axis}`]) * unit;
  };
  const [x, y] = [size("X"), size("Y")];
  const perPixel = Math.max(1, channels[0]?.samplesPerPixel ?? 1);
  const planes = Math.ceil(sizeOf("C") / perPixel);
  const order = (pixels["DimensionOrder"] ?? "XYCZT").slice(2);
  const sizes: Readonly<Record<string, number>> = { C: planes, Z: sizeOf("Z"), T: sizeOf("T") };
  const total = planes * sizes["Z"] * sizes["T"];
  const rank = (place: Readonly<Record<string, number>>): number => {
    let at = 0;
    for (const axis of [...order].reverse()) at = at * (sizes[axis] ?? 1) + (place[axis] ?? 0);
    return at;
  };
  const listed = new Map<number, OmePlane>();
  let left = 2 * MOST_PLANES;
  for (const { attributes, file } of data.length > 0 ? data : [{ attributes: {}, file: null }]) {
    const first = rank({
      C: whole(attributes["FirstC"], 0),
      Z: whole(attributes["FirstZ"], 0),
      T: whole(attributes["FirstT"], 0),
    });
    const page = whole(attributes["IFD"], 0);
    const count = whole(attributes["PlaneCount"], attributes["IFD"] === undefined ? total : 1);
    for (let k = 0; k < count && first + k < total && left-- > 0; k++)
      listed.set(first + k, { file, page: page + k });
  }
  return {
    name,
    width: sizeOf("X"),
    height: sizeOf("Y"),
    depth: sizes["Z"],
    channels: Array.from(
      { length: planes },
      (_, c) => channels[c] ?? { name: "", samplesPerPixel: perPixel },
    ),
    pixelSize: x > 0 && y > 0 && Number.isFinite(x * y) ? [x, y] : null,
    plane: (channel, z) => listed.get(rank({ C: channel, Z: z })) ?? null,
  };
}

function whole(text: string | undefined, otherwise: number): number {
  const value = Number(text);
  return text !== undefined && Number.isSafeInteger(value) && value >= 0 ? value : otherwise;
}

/** Tags of XML in their order, names without prefixes; comments and what else there is are passed over. */
function* tags(text: string): Generator<Tag> {
  for (let at = text.indexOf("<"); at >= 0; at = text.indexOf("<", at)) {
    if (text.startsWith("<!--", at)) {
      const end = text.indexOf("-->", at);
      if (end < 0) return;
      at = end;
      continue;
    }
    const end = text.indexOf(">", at);
    if (end < 0) return;
    const [, slash, name, rest] = /^(\/?)(?:[\w.-]+:)?([\w.-]+)([^]*)$/.exec(text.slice(at + 1, end)) ?? [];
    at = end;
    if (name === undefined) continue;
    const attributes: Record<string, string> = {};
    for (const [, key, , double, single] of rest.matchAll(/([\w:.-]+)\s*=\s*("([^"]*)"|'([^']*)')/g))
      attributes[key] = unescape(double ?? single);
    yield { name, attributes, isEnd: slash === "/" };
    if (rest.endsWith("/")) yield { name, attributes: {}, isEnd: true };
  }
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function unescape(text: string): string {
  return text.replace(/&(#x?[0-9a-f]+|\w+);/gi, (all, code: string) => {
    if (!code.startsWith("#")) return ENTITIES[code] ?? all;
    const point =
      code[1] === "x" || code[1] === "X" ? parseInt(code.slice(2), 16) : parseInt(code.slice(1), 10);
    return point > 0 && point < 0x110000 ? String.fromCodePoint(point) : all;
  });
}
