import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { count, fixed, list, percent, short, whole } from "../../src/report/format.ts";
import { escapeText, scriptJson } from "../../src/report/html.ts";

describe("numbers for people", () => {
  it("groups thousands and keeps three digits", () => {
    expect(whole(1234567)).toBe("1,234,567");
    expect(whole(-999.6)).toBe("\u22121,000");
    expect(short(0.123456)).toBe("0.123");
    expect(short(12345.6)).toBe("12,346");
    expect(short(1.5e-12)).toBe("1.5 \u00d7 10\u207b\u00b9\u00b2");
    expect(short(NaN)).toBe("missing");
    expect(count(1, "spot")).toBe("1 spot");
    expect(count(2000, "spot")).toBe("2,000 spots");
    expect(list(["a", "b", "c"])).toBe("a, b and c");
  });

  it("never rounds a share up to all or down to nothing", () => {
    expect(percent(0.99999)).toBe("> 99.9 %");
    expect(percent(0.00001)).toBe("< 0.1 %");
    expect(percent(1)).toBe("100 %");
    expect(percent(0)).toBe("0 %");
  });
});

describe("numbers that are compared", () => {
  it("keep their decimals, group thousands and write no minus before zero", () => {
    expect(fixed(6, 1)).toBe("6.0");
    expect(fixed(-0.339, 2)).toBe("\u22120.34");
    expect(fixed(-0.04, 1)).toBe("0.0");
    expect(fixed(1234.56, 1)).toBe("1,234.6");
    expect(fixed(NaN, 1)).toBe("missing");
    expect(fixed(-Infinity, 1)).toBe("\u2212\u221e");
    expect(percent(0.17)).toBe("17.0 %");
  });
});

describe("escaping", () => {
  it("always leaves no character that markup is made of", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => !/[<>"'`]/.test(escapeText(text))));
  });

  it("always gives JSON that reads back as it was and cannot end its block", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const json = scriptJson({ text });
        expect(JSON.parse(json)).toEqual({ text });
        expect(json).not.toMatch(/[<>\u2028\u2029]/);
      }),
    );
  });
});
