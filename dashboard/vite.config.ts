// How the page is built, and how it is served while somebody works on it.
//
// The build knows neither where it will be mounted nor the nonce of a response: it writes `__BASE__` and `__NONCE__` into
// index.html and the server fills them in. `npm run dev` and `npm run preview` answer the API from `dev/`, so that the page can
// be worked on without a server; with OUTRIGGER_URL set they pass the API on to a real one.
import { join } from "node:path";
import { defineConfig } from "vitest/config";
import react from "@vitejs/plugin-react";
import { standIn } from "./dev/stand-in.ts";
import { guides } from "./plugins/guides.ts";

const server = process.env["OUTRIGGER_URL"];
const proxy = server ? { "/api": { target: server, changeOrigin: false } } : undefined;

export default defineConfig(({ command, isPreview }) => ({
  base: command === "serve" && !isPreview ? "/admin/production/" : "./",
  plugins: [react(), guides(join(import.meta.dirname, "../docs/guide")), standIn({ answersApi: server === undefined })],
  html: { cspNonce: "__NONCE__" },
  server: { proxy, port: 7310 },
  preview: { proxy, port: 7311, host: "127.0.0.1" },
  build: {
    outDir: "dist",
    target: "es2022",
    // The policy lets fonts and images come from files only.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: "charts", test: /node_modules[\\/]uplot/ },
            { name: "framework", test: /node_modules[\\/]/ },
          ],
        },
      },
    },
  },
  test: { include: ["src/**/*.test.ts", "plugins/**/*.test.ts"], environment: "node" },
}));
