import { createServer } from "node:http";
import Koa from "koa";

const app = new Koa({ keys: ["k"] });
app.silent = true;
app.use(async (ctx, next) => { await next(); ctx.set("x-trace", ctx.state.trace.join(">")); });
app.use(async (ctx) => {
  ctx.state.trace = ["a", ctx.method];
  ctx.cookies.set("n", "1", { signed: true });
  if (ctx.path === "/bad") ctx.throw(400, "bad one");
  ctx.body = { query: ctx.query, accepts: ctx.accepts("html", "json"), fresh: ctx.fresh };
});
createServer(app.callback()).listen(8402);

export default async () => {
  const edge = await import("cloudflare:node").catch(() => undefined);
  const ask = async (path) => {
    const request = new Request(`http://localhost:8402${path}`, { headers: { accept: "application/json" } });
    const response = await (edge ? edge.httpServerHandler({ port: 8402 }).fetch(request) : fetch(request));
    return [response.status, response.headers.get("x-trace"), response.headers.getSetCookie(), await response.text()];
  };
  return [await ask("/x?a=1"), await ask("/bad")];
};
