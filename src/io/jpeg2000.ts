/** What is used of the decoder, which is OpenJPEG compiled to wasm. */
interface Decoder {
  readonly getEncodedBuffer: (length: number) => Uint8Array;
  readonly getDecodedBuffer: () => Uint8Array;
  readonly decode: () => void;
  readonly getFrameInfo: () => {
    readonly width: number;
    readonly height: number;
    readonly bitsPerSample: number;
    readonly componentCount: number;
    readonly isSigned: boolean;
  };
  readonly delete: () => void;
}

interface Codec {
  readonly J2KDecoder: new () => Decoder;
}

let loaded: Promise<Codec> | null = null;

async function load(): Promise<Codec> {
  const [{ default: create }, { binary }] = await Promise.all([
    import("@cornerstonejs/codec-openjpeg/decodewasmjs"),
    import("./openjpeg.generated.ts"),
  ]);
  const quiet = (): void => undefined;
  const wasmBinary = Uint8Array.from(atob(binary), (c) => c.charCodeAt(0));
  return (create as (options: object) => Promise<Codec>)({ wasmBinary, print: quiet, printErr: quiet });
}

/**
 * The samples of a JPEG 2000 picture, pixel by pixel.
 *
 * @throws {RangeError} where it is none, or not one of the size and kind expected
 */
export async function decodeJpeg2000(
  packed: Uint8Array,
  width: number,
  height: number,
  components: number,
  bits: number,
): Promise<Uint8Array | Uint16Array> {
  checkSize(packed, width, height, components);
  const { J2KDecoder } = await (loaded ??= load());
  const decoder = new J2KDecoder();
  try {
    decoder.getEncodedBuffer(packed.length).set(packed);
    decoder.decode();
    const info = decoder.getFrameInfo();
    const isSame = info.width === width && info.height === height && info.componentCount === components;
    if (!isSame || info.isSigned || info.bitsPerSample > bits || bits > 16)
      throw new RangeError("a picture of another size or kind");
    const bytes = decoder.getDecodedBuffer().slice();
    const isWide = info.bitsPerSample > 8;
    if (bytes.length !== width * height * components * (isWide ? 2 : 1))
      throw new RangeError("too few values");
    return isWide ? new Uint16Array(bytes.buffer) : bytes;
  } finally {
    decoder.delete();
  }
}

/** The size stands in front, so that nobody makes room for another one, or looks for parts that the bytes cannot hold. */
function checkSize(packed: Uint8Array, width: number, height: number, components: number): void {
  const end = Math.min(packed.length - 50, 4096);
  for (let at = 0; at <= end; at++) {
    if (packed[at] !== 0xff || packed[at + 1] !== 0x4f || packed[at + 2] !== 0xff || packed[at + 3] !== 0x51)
      continue;
    const view = new DataView(packed.buffer, packed.byteOffset + at, packed.length - at);
    const [right, bottom, left, top] = [8, 12, 16, 20].map((k) => view.getUint32(k));
    if (right - left !== width || bottom - top !== height || view.getUint16(40) !== components)
      throw new RangeError("a picture of another size or kind");
    const [across, down, tileLeft, tileTop] = [24, 28, 32, 36].map((k) => view.getUint32(k));
    const tiles = Math.ceil((right - tileLeft) / across) * Math.ceil((bottom - tileTop) / down);
    const packets = packetsOf(view, Math.min(across, width), Math.min(down, height));
    // A part of a tile begins with 14 bytes, a packet takes one at least.
    if (!(tiles * Math.max(14, packets * components) <= packed.length))
      throw new RangeError("more parts than bytes");
    return;
  }
  throw new RangeError("no JPEG 2000 picture");
}

/** Packets of one component of one tile, by the marker of the coding style: layers times precincts of all resolutions. */
function packetsOf(view: DataView, width: number, height: number): number {
  for (let at = 4 + view.getUint16(4); at + 14 <= view.byteLength; at += 2 + view.getUint16(at + 2)) {
    const marker = view.getUint16(at);
    if (marker < 0xff4f || marker === 0xff90) break;
    if (marker !== 0xff52) continue;
    const own = (view.getUint8(at + 4) & 1) === 1;
    const layers = view.getUint16(at + 6);
    const levels = view.getUint8(at + 9);
    if (levels > 32 || at + 14 + (own ? levels + 1 : 0) > view.byteLength) break;
    let precincts = 0;
    let shrink = 1;
    for (let level = levels; level >= 0; level--, shrink *= 2) {
      const size = own ? view.getUint8(at + 14 + level) : 0xff;
      const [across, down] = [1 << (size & 15), 1 << (size >> 4)];
      precincts += Math.ceil(width / shrink / across) * Math.ceil(height / shrink / down);
    }
    return layers * precincts;
  }
  throw new RangeError("no coding style");
}
