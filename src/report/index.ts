export { renderReport, type ReportOptions } from "./page.ts";
