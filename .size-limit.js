const budget = (name, path, limit) => ({
  name,
  path,
  limit,
  // Published packages run on Node: its builtins cost nothing.
  modifyEsbuildConfig: (config) => ({ ...config, platform: "node", format: "esm" }),
});

export default [
  budget("tenantry", "packages/tenantry/dist/index.js", "400 kB"),
  budget("@tenantry/core", "packages/core/dist/index.js", "85 kB"),
  budget("@tenantry/gateway", "packages/gateway/dist/index.js", "17 kB"),
  budget("@tenantry/tool-schema", "packages/tool-schema/dist/index.js", "16 kB"),
];
