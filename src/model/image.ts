/** x' = a x + b y + c, y' = d x + e y + f. */
export type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/** A picture of the tissue with its place in the positions' coordinates. */
export interface Image {
  readonly kind: "image";
  readonly name: string;
  /** Pixels across and down. */
  readonly width: number;
  readonly height: number;
  /** The file as it came, ready for a browser. */
  readonly encoded: { readonly type: "image/png" | "image/jpeg"; readonly bytes: Uint8Array };
  /** Image pixels per unit of the positions: x_image = (x - x_origin) * scale. */
  readonly scale: number;
  /** Where its upper left corner lies, in the positions' coordinates; (0, 0) where it is not given. */
  readonly origin?: readonly [x: number, y: number];
}

/** What a pixel holds, as it is stored. */
export type SampleType = "uint8" | "uint16" | "uint32" | "int8" | "int16" | "int32" | "float32" | "float64";

/** Pixels in memory: `channels` planes one after the other, each of `height` rows of `width`. */
export interface Raster {
  readonly kind: "raster";
  readonly width: number;
  readonly height: number;
  readonly channels: readonly string[];
  /** channels x height x width */
  readonly data:
    | Uint8Array
    | Uint16Array
    | Uint32Array
    | Int8Array
    | Int16Array
    | Int32Array
    | Float32Array
    | Float64Array;
}

/** A part of an image, in pixels of the level it is read from. */
export interface ImageWindow {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** What of a level is read. */
export interface ReadPixelsOptions {
  /** Default: the whole level. */
  readonly window?: ImageWindow;
  /** Channels by name; default all, in their order. */
  readonly channels?: readonly string[];
  readonly signal?: AbortSignal;
}

/**
 * An image or a mask whose pixels stay in their file until they are asked for: one or more levels of the same field,
 * each smaller than the one before. It holds a few numbers only, whatever the size of the file.
 */
export interface ImagePyramid {
  readonly kind: "pyramid";
  readonly name: string;
  /** Measured light per channel; red, green and blue as seen; or numbers of cells (0: none). */
  readonly role: "intensity" | "color" | "labels";
  readonly channels: readonly string[];
  readonly samples: SampleType;
  /** From the largest to the smallest; all show the same field. */
  readonly levels: readonly { readonly width: number; readonly height: number }[];
  /**
   * Takes positions to pixels of the first level (the upper left corner of the first pixel is 0, 0); null where the
   * place of the image is not known.
   */
  readonly toPixels: Affine | null;
  /**
   * Reads pixels of a level as they are stored; 64-bit whole numbers become float64. Only the parts of the file that
   * hold the window are read.
   *
   * @throws {SpatialError} `input` for a level, window or channel that is not there; `memory` for more than 200 million
   * values at once; `format` for a damaged file; `unsupported` for a compression that is not read; `aborted`
   */
  readonly read: (level: number, options?: ReadPixelsOptions) => Promise<Raster>;
}
