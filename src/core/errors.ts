/**
 * What went wrong, by kind.
 *
 * - `option`: an option is unknown, of the wrong type or out of range.
 * - `input`: the data handed to a verb cannot be used (shape, values, empty).
 * - `values`: the expression values are of the wrong kind (counts wanted, scaled found, ...).
 * - `not-found`: a file, folder, column or gene does not exist.
 * - `format`: a file exists but is not what it should be (truncated, corrupt, of another kind).
 * - `join`: two parts of a sample share no ids.
 * - `memory`: the work would need more memory than is sensible or possible.
 * - `output`: something cannot be written, or would overwrite what is not ours.
 * - `unsupported`: the runtime lacks something that is needed.
 * - `aborted`: the caller's signal stopped the work.
 */
export type SpatialErrorCode =
  | "option"
  | "input"
  | "values"
  | "not-found"
  | "format"
  | "join"
  | "memory"
  | "output"
  | "unsupported"
  | "aborted";

/** What a `SpatialError` is about, and the way out. */
export interface SpatialErrorDetails {
  /** The file, option or argument it is about. */
  readonly subject?: string;
  /** What the reader can do about it, one sentence. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/**
 * The only error the library throws on purpose. `message` says what must hold and what was found;
 * `subject` names the file, option or argument; `hint` says the way out.
 *
 * @example
 * ```ts
 * import { SpatialError } from "tissular/core";
 * const error = new SpatialError("option", "neighbors must be at least 2, found 1.", { subject: "neighbors" });
 * if (error.code !== "option") throw error;
 * ```
 */
export class SpatialError extends Error {
  override readonly name: string = "SpatialError";
  readonly code: SpatialErrorCode;
  readonly subject: string | null;
  readonly hint: string | null;

  constructor(code: SpatialErrorCode, message: string, details: SpatialErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.subject = details.subject ?? null;
    this.hint = details.hint ?? null;
  }
}
