export { adjustPValues } from "./tests.ts";
