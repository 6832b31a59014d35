import { defineConfig, globalIgnores } from "eslint/config";
import ts from "typescript-eslint";
import { house, nothingGlobal } from "./eslint.rules.js";

const TESTS = ["**/*.test.ts", "**/*.test-d.ts"];
const PUBLISHED = ["packages/*/src/**/*.ts", "packages/adapters/*/src/**/*.ts"];

export default defineConfig(
  globalIgnores(["**/dist/", "**/.tarballs/", "**/.turbo/"]),
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  {
    files: ["**/*.ts"],
    plugins: { "@typescript-eslint": ts.plugin, house },
    languageOptions: {
      parser: ts.parser,
      // One program for everything and one for the adapters; a project service would load one per package.
      parserOptions: {
        project: ["./tsconfig.json", "./packages/adapters/tsconfig.json"],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/await-thenable": "error",
      "@typescript-eslint/return-await": ["error", "in-try-catch"],
      "@typescript-eslint/prefer-promise-reject-errors": "error",
      "@typescript-eslint/only-throw-error": [
        "error",
        { allowThrowingUnknown: true, allowThrowingAny: true },
      ],
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      eqeqeq: ["error", "always"],
    },
  },
  { files: PUBLISHED, rules: { "no-console": "error" } },
  {
    files: PUBLISHED,
    ignores: TESTS,
    rules: {
      ...nothingGlobal,
      "max-lines": ["error", { max: 300, skipBlankLines: true, skipComments: true }],
      "max-lines-per-function": ["error", { max: 80, skipBlankLines: true, skipComments: true }],
    },
  },
);
