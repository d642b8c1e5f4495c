// "unit" and "e2e" (real registries and clients) run side by side; "containers" (images and the compose stack in a Docker engine)
// only when it is asked for: npm run test:containers.
const shared = {
  testEnvironment: "node",
  extensionsToTreatAsEsm: [".ts"],
  moduleNameMapper: { "^(\\.{1,2}/.*)\\.js$": "$1" },
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      {
        jsc: { parser: { syntax: "typescript" }, target: "es2022" },
        module: { type: "es6" },
      },
    ],
  },
};

export default {
  // NOTE jest reads it here only, not in a project.
  testTimeout: 120_000,
  projects: [
    {
      ...shared,
      displayName: "unit",
      testMatch: ["<rootDir>/test/**/*.test.ts"],
      testPathIgnorePatterns: ["/node_modules/", "/test/e2e/", "/test/containers/"],
    },
    {
      ...shared,
      displayName: "e2e",
      setupFiles: ["<rootDir>/test/support/own-connections.ts"],
      testMatch: ["<rootDir>/test/e2e/**/*.test.ts"],
    },
    {
      ...shared,
      displayName: "containers",
      testMatch: ["<rootDir>/test/containers/**/*.test.ts"],
    },
  ],
};
