export { SpatialError, type SpatialErrorCode, type SpatialErrorDetails } from "./errors.ts";
export { stream, type Rng } from "./rng.ts";
export { type Progress, type RunOptions } from "./progress.ts";
export { version } from "./version.ts";
