// The configuration for the screenshots of `cargo x dashboard --shots`.
import { defineConfig } from "@playwright/test";
import tests from "./playwright.config";

export default defineConfig({ ...tests, testMatch: "*.shots.ts", outputDir: "test-results/shots", timeout: 20 * 60_000 });
