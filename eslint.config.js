import tseslint from "typescript-eslint";

/** V8 versions disagree on the transcendental functions; kernels/math owns them in plain IEEE arithmetic. */
const exactMath = [
  "sqrt",
  "abs",
  "floor",
  "ceil",
  "trunc",
  "round",
  "min",
  "max",
  "sign",
  "imul",
  "fround",
  "clz32",
];
const engineDependent = [
  {
    selector: `MemberExpression[object.name="Math"]:not([property.name=/^(${exactMath.join("|")})$/])`,
    message: "Engines disagree on this Math function (or constant): use kernels/math.",
  },
  {
    selector: "BinaryExpression[operator='**'], AssignmentExpression[operator='**=']",
    message: "Engines disagree on **: use kernels/math pow.",
  },
  {
    selector: "MemberExpression[property.name='localeCompare']",
    message: "localeCompare depends on the machine: compare with < and >.",
  },
  {
    selector: "MemberExpression[property.name=/^toLocale/]",
    message: "Locale-dependent output: format by hand.",
  },
  { selector: "Identifier[name='Intl']", message: "Intl depends on the machine." },
];

export default tseslint.config(
  { ignores: ["dist", "docs/api", "node_modules", "**/*.generated.*", "assembly/kernels", "test/fixtures"] },
  ...tseslint.configs.recommended,
  {
    rules: {
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/consistent-type-imports": "error",
      "no-empty": "error",
      eqeqeq: "error",
    },
  },
  { files: ["src/**/*.ts"], rules: { "no-restricted-syntax": ["error", ...engineDependent] } },
);
