import { AutoRouter, cors, error, json, text } from "itty-router";

const { preflight, corsify } = cors({ origin: "https://a.example" });
const router = AutoRouter({ base: "/v1", before: [preflight], finally: [corsify] });
router.get("/item/:id.:ext?", ({ params, query }) => ({ params, query }));
router.get("/text", () => text("plain"));
router.get("/fail", () => error(418, "teapot"));
router.all("/all/*", (request) => json({ method: request.method }));

export default async () => {
  const ask = (path, init = {}) => router.fetch(new Request(`https://x.example/v1${path}`, { ...init, headers: { origin: "https://a.example" } }));
  const item = await ask("/item/7.json?a=1&a=2");
  return [await item.json(), item.headers.get("access-control-allow-origin"), await (await ask("/text")).text(), await (await ask("/fail")).json(), await (await ask("/all/x/y", { method: "PUT" })).json(), (await ask("/none")).status];
};
