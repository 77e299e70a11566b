import Koa from "koa";
import inject from "light-my-request";

const app = new Koa({ keys: ["k"] });
app.silent = true;
app.use(async (ctx, next) => { await next(); ctx.set("x-trace", ctx.state.trace.join(">")); });
app.use(async (ctx) => {
  ctx.state.trace = ["a", ctx.method];
  ctx.cookies.set("n", "1", { signed: true });
  if (ctx.path === "/bad") ctx.throw(400, "bad one");
  ctx.body = { query: ctx.query, accepts: ctx.accepts("html", "json"), fresh: ctx.fresh };
});

export default async () => {
  const good = await inject(app.callback(), { url: "/x?a=1", headers: { accept: "application/json" } });
  const bad = await inject(app.callback(), { url: "/bad" });
  return [good.json(), good.headers["x-trace"], good.headers["set-cookie"], good.headers["content-length"], bad.statusCode, bad.payload];
};
