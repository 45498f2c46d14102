// The configuration for `cargo x bench`: one measurement at a time.
import { defineConfig } from "@playwright/test";
import base from "./playwright.config";

export default defineConfig(base, { testMatch: "*.measure.ts", workers: 1, reporter: "list" });
