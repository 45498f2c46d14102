// The browser as `cargo x bench` uses it: one measurement at a time.
import { defineConfig } from "@playwright/test";
import base from "./playwright.config";

export default defineConfig(base, { testMatch: "*.measure.ts", workers: 1, reporter: "list" });
