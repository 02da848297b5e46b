import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    environment: "jsdom",
    setupFiles: ["test/setup.ts"],
    include: ["test/**/*.test.ts"],
    // A test that leaves a listener or a timer behind must not disturb the next one.
    restoreMocks: true,
    unstubGlobals: true,
    testTimeout: 5_000,
  },
});
