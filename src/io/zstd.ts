import { SpatialError } from "../core/errors.ts";

/** The most bytes that a block unpacks to, and that are unpacked at once. */
const BLOCK = 131_072;
const LARGEST = 1_073_741_824;

/**
 * Unpacks frames of zstd. Their headers are looked through first, so that room is made for no more than the blocks can hold;
 * damaged frames are refused, however many there are.
 *
 * @throws {SpatialError} `format` for truncated and damaged frames, `memory` for more than 1 GB
 */
export async function unzstd(packed: Uint8Array, subject: string): Promise<Uint8Array> {
  const { size, exact } = sizeOf(packed, subject);
  if (size > LARGEST)
    throw new SpatialError("memory", `${subject} unpacks to ${size} bytes, more than ${LARGEST}.`, {
      subject,
    });
  if (size === 0) return new Uint8Array(0);
  const { ZSTDDecoder } = await import("zstddec");
  const decoder = new ZSTDDecoder();
  await decoder.init();
  const bytes = decoder.decode(packed, size);
  if (exact ? bytes.length !== size : bytes.length === 0) throw damaged(subject);
  return bytes;
}

interface Codec {
  readonly kind: "bytes_to_bytes";
  readonly encode: () => never;
  readonly decode: (bytes: Uint8Array) => Promise<Uint8Array>;
}

/** The same for zarr, in place of the library's own, which stops working after some thousand damaged pieces. */
export const zstdCodec: { readonly fromConfig: () => Codec } = {
  fromConfig: () => ({
    kind: "bytes_to_bytes",
    encode: () => {
      throw new SpatialError("unsupported", "zstd is read, not written.");
    },
    decode: (bytes) => unzstd(bytes, "A chunk"),
  }),
};

/** How many bytes the frames unpack to: as they say, or at most. */
function sizeOf(packed: Uint8Array, subject: string): { readonly size: number; readonly exact: boolean } {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.length);
  let size = 0;
  let exact = true;
  let at = 0;
  try {
    while (at < packed.length) {
      const magic = view.getUint32(at, true);
      if ((magic & 0xfffffff0) >>> 0 === 0x184d2a50) {
        at += 8 + view.getUint32(at + 4, true);
        continue;
      }
      if (magic !== 0xfd2fb528) throw new RangeError("no frame");
      const descriptor = view.getUint8(at + 4);
      const single = (descriptor >> 5) & 1;
      const sizeBytes = [single, 2, 4, 8][descriptor >> 6];
      at += 5 + (1 - single) + [0, 1, 2, 4][descriptor & 3];
      const says = sizeBytes === 0 ? null : contentSize(view, at, sizeBytes);
      at += sizeBytes;
      let most = 0;
      for (let last = false; !last;) {
        const header = view.getUint16(at, true) + 65_536 * view.getUint8(at + 2);
        const length = header >> 3;
        const kind = (header >> 1) & 3;
        if (kind === 3) throw new RangeError("a block of no kind");
        last = (header & 1) === 1;
        at += 3 + (kind === 1 ? 1 : length);
        most += kind === 2 ? BLOCK : length;
      }
      at += descriptor & 4;
      if (at > packed.length || (says !== null && says > most)) throw new RangeError("more than there is");
      if (says === null) exact = false;
      size += says ?? most;
    }
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw damaged(subject, cause);
  }
  return { size, exact };
}

function contentSize(view: DataView, at: number, bytes: number): number {
  if (bytes === 1) return view.getUint8(at);
  if (bytes === 2) return view.getUint16(at, true) + 256;
  const low = view.getUint32(at, true);
  return bytes === 4 ? low : low + 4_294_967_296 * view.getUint32(at + 4, true);
}

function damaged(subject: string, cause?: unknown): SpatialError {
  return new SpatialError("format", `${subject}, packed with zstd, is damaged.`, {
    subject,
    hint: "The file is incomplete or damaged: copy or download it again.",
    cause,
  });
}
