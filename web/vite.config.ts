// SPDX-License-Identifier: Apache-2.0
import { defineConfig, type Plugin } from "vite";
import { policy } from "./policy.mjs";

// One file that opens without a server: the script and the style go into the page itself. "</script" inside
// a string of the script would end it early, so it is written with an escaped slash, which means the same.
function inline(own: string[]): Plugin {
  return {
    name: "inline",
    enforce: "post",
    generateBundle(_options, bundle) {
      const page = Object.values(bundle).find((file) => file.fileName.endsWith(".html"));
      if (page?.type !== "asset") throw new Error("inline: no page in the bundle");
      let html = String(page.source);
      for (const [name, file] of Object.entries(bundle)) {
        const quoted = name.replace(/[.]/g, "\\.");
        if (file.type === "chunk") {
          const code = file.code.replace(/<\/script/gi, "<\\/script").replace(/<!--/g, "<\\!--");
          const tag = new RegExp(`<script[^>]*src="[^"]*${quoted}"[^>]*></script>`);
          html = html.replace(tag, () => `<script type="module">${code}</script>`);
        } else if (name.endsWith(".css")) {
          const tag = new RegExp(`<link[^>]*href="[^"]*${quoted}"[^>]*>`);
          html = html.replace(tag, () => `<style>${String(file.source)}</style>`);
        } else {
          continue;
        }
        delete bundle[name];
      }
      page.source = html.replace("<head>", `<head>\n    <meta http-equiv="Content-Security-Policy" content="${policy(html, own)}" />`);
    },
  };
}

// Pages, each a build of its own, so that each carries what it needs and nothing else: `vite build` makes the
// report, `vite build --mode lab` the playground with the experiments behind it, `--mode play` the
// playground alone, `--mode serve` the dashboard.
const kInputs: Record<string, string> = { lab: "lab.html", play: "play.html", serve: "serve.html" };
// The playground, alone or at the head of the lab, trains in a worker that lies in its own page; the dashboard asks the server that it came from.
const kWorker = "worker-src blob: data:";
const kOwnPolicy: Record<string, string[]> = { play: [kWorker], lab: [kWorker], serve: ["connect-src 'self'"] };
export default defineConfig(({ mode }) => ({
  base: "./",
  plugins: [inline(kOwnPolicy[mode] ?? [])],
  build: {
    target: "es2022",
    modulePreload: false,
    assetsInlineLimit: Number.MAX_SAFE_INTEGER,
    cssCodeSplit: false,
    chunkSizeWarningLimit: 1000,
    emptyOutDir: !(mode in kInputs),
    rollupOptions: { input: kInputs[mode] ?? "index.html" },
  },
  test: { include: ["test/*.test.ts"], css: true },
}) as never);
