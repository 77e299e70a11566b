import { Hono } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { HTTPException } from "hono/http-exception";
import { jwt, sign } from "hono/jwt";
import { validator } from "hono/validator";

const app = new Hono().basePath("/api");
app.use("*", async (c, next) => { await next(); c.header("x-route", c.req.path); });
app.get("/hi/:name{[a-z]+}", (c) => { setCookie(c, "seen", "1", { path: "/" }); return c.json({ hi: c.req.param("name"), q: c.req.queries("q"), cookie: getCookie(c, "in") }); });
app.post("/n", validator("json", (value) => { if (!value.n) throw new HTTPException(422, { message: "no n" }); return value; }), (c) => c.text(`${c.req.valid("json").n + 1}`));
app.onError((error, c) => c.text(error.message, error.status));

export default async () => {
  const post = (body) => app.request("/api/n", { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } });
  const hi = await app.request("/api/hi/ada?q=1&q=2", { headers: { cookie: "in=out" } });
  return [await hi.json(), hi.headers.get("x-route"), hi.headers.get("set-cookie"), await (await post({ n: 41 })).text(), (await post({})).status, (await app.request("/api/hi/A1")).status, await sign({ sub: "a" }, "secret", "HS256")];
};
