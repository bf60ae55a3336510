import { SpatialError } from "./errors.ts";

/** A rule for one option: `null` when the value is fine, else what it must be ("a whole number >= 1"). */
export type Rule = (value: unknown) => string | null;

const rule = (must: string, holds: (value: unknown) => boolean): Rule => {
  return (value) => (holds(value) ? null : must);
};

/** A finite number within [low, high]. */
export function number(low: number = -Infinity, high: number = Infinity): Rule {
  const range = bounds(low, high);
  return rule(
    `a number${range}`,
    (v) => typeof v === "number" && Number.isFinite(v) && v >= low && v <= high,
  );
}

/** A whole number within [low, high]. */
export function integer(low: number = -Infinity, high: number = Infinity): Rule {
  return rule(
    `a whole number${bounds(low, high)}`,
    (v) => Number.isSafeInteger(v) && (v as number) >= low && (v as number) <= high,
  );
}

function bounds(low: number, high: number): string {
  if (low === -Infinity && high === Infinity) return "";
  if (high === Infinity) return ` >= ${low}`;
  if (low === -Infinity) return ` <= ${high}`;
  return ` from ${low} to ${high}`;
}

export function boolean(): Rule {
  return rule("true or false", (v) => typeof v === "boolean");
}

export function string(): Rule {
  return rule("a string", (v) => typeof v === "string");
}

/** One of the named choices. */
export function oneOf(...choices: readonly string[]): Rule {
  return rule(`one of ${choices.map((c) => `"${c}"`).join(", ")}`, (v) => choices.includes(v as string));
}

/** Any of several rules. */
export function either(...rules: readonly Rule[]): Rule {
  return (value) => {
    const must = rules.map((r) => r(value));
    return must.includes(null) ? null : must.join(", or ");
  };
}

/** Exactly this value (null, Infinity, a symbol of meaning). */
export function literal(expected: unknown): Rule {
  return rule(String(expected), (v) => Object.is(v, expected));
}

/** Anything that passes the test, described by `must`. */
export function such(must: string, holds: (value: unknown) => boolean): Rule {
  return rule(must, holds);
}

/** Rules for the options that every heavy verb shares. */
export const runRules: Readonly<Record<string, Rule>> = {
  signal: such("an AbortSignal", (v) => v instanceof AbortSignal),
  onProgress: such("a function", (v) => typeof v === "function"),
  threads: integer(1, 256),
};

/**
 * Refuses options that are unknown or break their rule. `undefined` always means "the default".
 *
 * @param verb the public function's name, for the message
 * @throws {SpatialError} `option`, naming the option, the rule and what was found
 */
export function checkOptions(verb: string, options: object, rules: Readonly<Record<string, Rule>>): void {
  if (typeof options !== "object" || options === null) {
    throw new SpatialError("option", `${verb}: options must be an object, found ${describe(options)}.`, {
      subject: "options",
    });
  }
  for (const [name, value] of Object.entries(options)) {
    const check = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (check === undefined) {
      throw new SpatialError("option", `${verb}: there is no option "${name}".`, {
        subject: name,
        hint: `Options are: ${Object.keys(rules).join(", ")}.`,
      });
    }
    if (value === undefined) continue;
    const must = check(value);
    if (must !== null) {
      throw new SpatialError(
        "option",
        `${verb}: option "${name}" must be ${must}, found ${describe(value)}.`,
        { subject: name },
      );
    }
  }
}

/** A short, safe description of a value for error messages. */
export function describe(value: unknown): string {
  if (typeof value === "string")
    return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value);
  if (value === null || typeof value === "number" || typeof value === "boolean" || value === undefined)
    return String(value);
  if (typeof value === "bigint") return `${value}n`;
  if (ArrayBuffer.isView(value)) return `${value.constructor.name}(${(value as Uint8Array).length})`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === "object"
    ? `an object (${value.constructor?.name ?? "null prototype"})`
    : `a ${typeof value}`;
}
