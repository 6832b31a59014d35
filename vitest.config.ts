import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    passWithNoTests: true,
    // Nothing here is judged by the clock; a machine that does other things meanwhile is slow.
    testTimeout: 20_000,
    // Most tests wait for servers and processes of their own, so that three take turns well even on two processors.
    maxWorkers: 3,
    reporters: process.env.CI ? ["default"] : ["dot"],
    // Five projects, not one per package: each one starts a server of its own.
    projects: [
      {
        extends: true,
        test: {
          name: "packages",
          include: ["packages/*/src/**/*.test.ts"],
          // Nothing here is global, so that the files share their modules: to load them anew for each took a third of the time.
          isolate: false,
        },
      },
      { extends: true, test: { name: "adapters", include: ["packages/adapters/*/src/**/*.test.ts"] } },
      {
        extends: true,
        test: { name: "laws", include: ["checks/{laws,storm,refresh,cutover,isolation}/**/*.test.ts"] },
      },
      { extends: true, test: { name: "bench", include: ["checks/bench/**/*.test.ts"] } },
      { extends: true, test: { name: "examples", include: ["examples/**/*.test.ts"] } },
    ],
  },
});
