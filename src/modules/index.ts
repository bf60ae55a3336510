export { tissueModules, type TissueModulesOptions, type TissueModulesResult } from "./tissue.ts";
export { type ModuleCandidate } from "./count.ts";
