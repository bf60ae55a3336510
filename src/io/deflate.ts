import { nativeZlib } from "./node.ts";

/** How hard is packed where the runtime lets choose: the fastest. */
export const LEVEL = 1;

/**
 * Packs bytes in zlib's format beside whatever else is done: by the threads of Node's or Deno's own library, else by the
 * browser's. The packed bytes depend on the runtime, what they hold does not.
 */
export function deflate(bytes: Uint8Array): Promise<Uint8Array> {
  const zlib = nativeZlib();
  if (zlib === null) {
    const stream = new Blob([bytes as BlobPart]).stream().pipeThrough(new CompressionStream("deflate"));
    return new Response(stream).arrayBuffer().then((packed) => new Uint8Array(packed));
  }
  return new Promise((resolve, reject) => {
    // One piece takes one turn of a thread; what it holds is copied, so that its room is given back.
    const options = { level: LEVEL, chunkSize: Math.max(64, bytes.length + 1024) };
    zlib.deflate(bytes, options, (error, packed) =>
      error === null ? resolve(Uint8Array.from(packed)) : reject(error),
    );
  });
}
