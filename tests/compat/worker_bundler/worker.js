// Bundles the files that are posted with @cloudflare/worker-bundler, and answers what the isolate answers.

import { createWorker } from "@cloudflare/worker-bundler";

let count = 0;

export default {
  async fetch(request, { LOADER, REGISTRY }) {
    const { files, compatibilityDate } = await request.json();
    let code;
    try {
      const { mainModule, modules } = await createWorker({ files, entryPoint: "index.js", registry: REGISTRY });
      code = { mainModule, modules, compatibilityDate, compatibilityFlags: ["nodejs_compat"], globalOutbound: null };
    } catch (error) {
      return Response.json({ step: "bundle", error: { message: String(error?.message ?? error) } });
    }
    try {
      const isolate = LOADER.get(`program-${count++}`, () => code);
      return await isolate.getEntrypoint().fetch("http://program/");
    } catch (error) {
      return Response.json({ step: "start", error: { message: String(error?.message ?? error) } });
    }
  },
};
