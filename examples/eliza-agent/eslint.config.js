import root from "../../eslint.config.js";

// The files here are in a TypeScript program of their own; see tsconfig.json.
export default [
  ...root,
  {
    files: ["**/*.ts"],
    languageOptions: { parserOptions: { project: "./tsconfig.json", tsconfigRootDir: import.meta.dirname } },
  },
];
