export { interactionTable, type Interaction, type InteractionTable } from "./resource.ts";
export { parseInteractions } from "./parse.ts";
export { matchInteractions, type InteractionMatch } from "./match.ts";
export { testInteractions, type TestInteractionsOptions, type TestInteractionsResult } from "./test.ts";
