#!/usr/bin/env node
import { SpatialError } from "../core/errors.ts";
import { version } from "../core/version.ts";
import { runAnalyze } from "./analyze.ts";
import { runDemo, runInfo, runSimulate } from "./commands.ts";
import { runConvert } from "./convert.ts";
import { commandHelp, help } from "./help.ts";
import { paragraph } from "./terminal.ts";

const commands: Readonly<Record<string, (argv: readonly string[]) => Promise<void>>> = {
  analyze: runAnalyze,
  info: runInfo,
  convert: runConvert,
  simulate: runSimulate,
  demo: runDemo,
};

async function main(argv: readonly string[]): Promise<void> {
  const [command, ...rest] = argv;
  if (command === undefined || command === "--help" || command === "-h" || command === "help") {
    process.stdout.write(`${help}\n`);
    return;
  }
  if (command === "--version" || command === "-v") {
    process.stdout.write(`${version}\n`);
    return;
  }
  const run = Object.hasOwn(commands, command) ? commands[command] : undefined;
  if (run === undefined) {
    throw new SpatialError("option", `There is no command "${command}".`, {
      hint: `Commands are: ${Object.keys(commands).join(", ")}.`,
    });
  }
  if (rest.includes("--help") || rest.includes("-h")) {
    process.stdout.write(`${commandHelp[command]}\n`);
    return;
  }
  await run(rest);
}

// Ctrl-C ends the run; what was half-written is removed on the way out.
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  process.once(signal, () => {
    if (process.stderr.isTTY) process.stderr.write("\r\u001b[2K");
    process.exit(code);
  });
}
// A reader that has seen enough (| head) is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${paragraph(error)}\n`);
  process.exitCode = 1;
}
