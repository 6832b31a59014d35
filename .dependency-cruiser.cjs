// The star (see DESIGN, "Packages"): which package may import which. Every rule has a failing fixture in checks/laws.
const SIBLINGS = "client|pool|credentials|store|router|gateway|runtime|tool-schema|testing";
/** A test, or what the tests of one package share. */
const TEST = "([.](test|test-d)[.]ts$|\\btest/[^/]+[.]ts$)";
/** A path inside the named packages, whether reached directly or by a workspace link. */
const packages = (names) => `^packages/(${names})/`;
const MCP_SDK = "^packages/(adapters/mcp-sdk)/";
const CONVERSATION = "^packages/gateway/(src|dist)/conversation[.](ts|js|d[.]ts)$";
const DROP_IN = "^packages/adapters/elizaos/src/plugin-mcp[./]";
const npm = (name) => `node_modules/${name}/`;

/** Forbids what is not listed; a package may always import itself, and its tests what `forTests` says. */
const only = (name, from, allowed, { pathNot = [], forTests = "testing" } = {}) => [
  {
    name,
    severity: "error",
    from: { path: from, pathNot: [TEST, ...pathNot] },
    to: { path: "^packages/", pathNot: [allowed, "^packages/$1/"] },
  },
  {
    name: `${name}-tests`,
    severity: "error",
    from: { path: from.replace(/\/$/, "/.*") + TEST, pathNot },
    to: { path: "^packages/", pathNot: [allowed, "^packages/$1/", packages(forTests)] },
  },
];

module.exports = {
  forbidden: [
    ...only("core-imports-no-package", packages("core"), "^packages/core/"),
    ...only("ways-out-import-only-core", packages("egress|process"), packages("core")),
    ...only("siblings-import-only-the-layers-below", packages(SIBLINGS), packages("core|egress|process")),
    ...only(
      "umbrella-imports-no-adapter-or-testing",
      packages("tenantry"),
      packages(`core|egress|process|${SIBLINGS.replace("|testing", "")}`),
    ),
    // What an adapter makes of a framework is tested with the framework and the whole of Tenantry.
    ...only("adapters-import-only-core", "^packages/(adapters/[^/]+)/", packages("core|tool-schema"), {
      pathNot: [MCP_SDK, DROP_IN],
      forTests: "testing|tenantry|adapters/fixtures",
    }),
    // The official SDK's clients are answered as they are on the wire, without it (decisions/0021).
    ...only("mcp-sdk-imports-only-the-conversation", MCP_SDK, `${packages("core")}|${CONVERSATION}`, {
      forTests: "testing|tenantry",
    }),
    // The one entry of an adapter that composes an instance itself (decision 20), and nothing else may reach it.
    ...only("the-drop-in-composes", DROP_IN, packages("core|tenantry|adapters/elizaos"), {
      forTests: "testing",
    }),
    {
      name: "adapters-do-without-the-drop-in",
      severity: "error",
      from: { path: "^packages/adapters/", pathNot: [TEST, DROP_IN] },
      to: { path: DROP_IN },
    },
    {
      name: "packages-are-listed-in-the-star",
      comment: "A new package needs a place in the star before it can import anything.",
      severity: "error",
      from: { path: "^packages/", pathNot: [packages(`core|egress|process|tenantry|adapters|${SIBLINGS}`)] },
      to: {},
    },
    {
      name: "packages-import-no-check-or-example",
      severity: "error",
      from: { path: "^packages/" },
      to: { path: "^(checks|examples)/" },
    },
    {
      name: "core-does-no-io",
      severity: "error",
      from: { path: packages("core"), pathNot: [TEST] },
      to: { dependencyTypes: ["core"], pathNot: ["^(node:)?(diagnostics_channel|util)$"] },
    },
    {
      name: "only-client-imports-the-mcp-client",
      severity: "error",
      from: { path: "^packages/", pathNot: [packages("client|testing"), `${MCP_SDK}src/v2[.]ts$`, TEST] },
      to: { path: npm("@modelcontextprotocol/client") },
    },
    {
      name: "only-gateway-imports-the-mcp-server",
      severity: "error",
      from: { path: "^packages/", pathNot: [packages("gateway|testing"), TEST] },
      to: { path: npm("@modelcontextprotocol/server") },
    },
    {
      name: "only-the-sqlite-store-loads-sqlite",
      severity: "error",
      from: { path: "^packages/store/src/(?!sqlite)[^/]+[.]ts$", pathNot: [TEST] },
      to: { path: "^(node:)?sqlite$", reachable: true },
    },
    {
      name: "only-the-postgres-store-loads-pg",
      severity: "error",
      from: { path: "^packages/store/src/(?!postgres)[^/]+[.]ts$", pathNot: [TEST] },
      to: { path: npm("pg"), reachable: true },
    },
    {
      name: "packages-meet-by-name",
      comment: "Another package is what its exports say, never a path into its files.",
      severity: "error",
      from: { path: "^packages/((?:adapters/)?[^/]+)/" },
      to: { path: "^packages/", pathNot: "^packages/$1/", dependencyTypes: ["local"] },
    },
    {
      name: "no-cycles",
      comment: "Types may refer to each other; code may not.",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "no-undeclared",
      comment: "Not in the package's own package.json (or, for tools, the root's).",
      severity: "error",
      from: {},
      // A workspace package is "undetermined" here; pnpm links only the declared ones, so an undeclared one does not resolve.
      to: {
        dependencyTypes: ["unknown", "undetermined", "npm-no-pkg", "npm-unknown"],
        pathNot: "^packages/",
      },
    },
    {
      name: "no-unresolvable",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "no-dev-dependency-in-published-code",
      severity: "error",
      from: { path: "^packages/(adapters/)?[^/]+/src/", pathNot: [TEST] },
      to: {
        dependencyTypes: ["npm-dev"],
        dependencyTypesNot: ["npm", "npm-peer"],
        pathNot: [npm("@types/node")],
      },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "/(dist|[.]tarballs)/" },
    // Type imports count: a package must not even know the other's types.
    tsPreCompilationDeps: true,
    // Tools such as vitest are declared once, at the root; only tests and configs may use them.
    combinedDependencies: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["types", "import", "node", "default"],
    },
  },
};
