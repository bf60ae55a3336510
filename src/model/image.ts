/** A picture of the tissue with its place in the positions' coordinates. */
export interface Image {
  readonly kind: "image";
  readonly name: string;
  /** Pixels across and down. */
  readonly width: number;
  readonly height: number;
  /** The file as it came, ready for a browser. */
  readonly encoded: { readonly type: "image/png" | "image/jpeg"; readonly bytes: Uint8Array };
  /** Image pixels per unit of the positions: x_image = x * scale. */
  readonly scale: number;
}
