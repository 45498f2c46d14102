// Configures the build of the page and the development server.
//
// The path of the dashboard and the nonce of a response are not known at build time. The build writes the placeholders `__BASE__` and
// `__NONCE__` into index.html, and the server replaces them. `npm run dev` and `npm run preview` serve the API from `dev/`, so that
// development needs no server. If OUTRIGGER_URL is set, they forward API requests to that server.
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
    // The policy allows fonts and images only from files.
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
