import { parseArgs } from "node:util";
import { SpatialError } from "../core/errors.ts";

/** How an option of the command line is read. */
export type Flag = "text" | "number" | "switch";

export interface Arguments {
  readonly positionals: readonly string[];
  readonly text: (name: string) => string | undefined;
  readonly number: (name: string) => number | undefined;
  readonly on: (name: string) => boolean;
}

/** Reads a command's arguments; refuses unknown options, missing values and values that are not numbers. */
export function readArguments(
  command: string,
  args: readonly string[],
  flags: Readonly<Record<string, Flag>>,
  positionals: readonly string[],
): Arguments {
  const fail = (message: string, subject: string): never => {
    throw new SpatialError("option", message, { subject, hint: `See: tissular ${command} --help` });
  };
  let parsed: { values: Record<string, string | boolean | undefined>; positionals: string[] };
  try {
    parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      strict: true,
      options: Object.fromEntries(
        Object.entries(flags).map(([name, flag]) => [
          name,
          { type: flag === "switch" ? "boolean" : "string" },
        ]),
      ),
    }) as typeof parsed;
  } catch (cause) {
    const unknown = /^Unknown option '([^']+)'/.exec((cause as Error).message);
    const unclear = /^Option '(--[^' ]+).*(ambiguous|missing)/.exec((cause as Error).message);
    const message = unknown
      ? `there is no option ${unknown[1]}.`
      : unclear
        ? `${unclear[1]} needs a value (one that begins with "-" is written ${unclear[1]}=-1).`
        : `${(cause as Error).message.split("\n")[0]}`;
    throw new SpatialError("option", `tissular ${command}: ${message}`, {
      hint: `See: tissular ${command} --help`,
      cause,
    });
  }
  if (parsed.positionals.length !== positionals.length) {
    fail(
      `tissular ${command} takes ${positionals.join(" and ") || "no argument"}, found ${parsed.positionals.length || "none"}.`,
      positionals[0] ?? command,
    );
  }
  const text = (name: string): string | undefined => {
    const v = parsed.values[name];
    return typeof v === "string" ? v : undefined;
  };
  const number = (name: string): number | undefined => {
    const v = text(name);
    if (v === undefined) return undefined;
    const x = Number(v);
    return v.trim() === "" || !Number.isFinite(x)
      ? fail(`--${name} must be a number, found "${v}".`, name)
      : x;
  };
  return { positionals: parsed.positionals, text, number, on: (name) => parsed.values[name] === true };
}

/** A number or one word: `--modules auto`, `--hvg all`. */
export function numberOr<W extends string>(args: Arguments, name: string, word: W): number | W | undefined {
  return args.text(name) === word ? word : args.number(name);
}
