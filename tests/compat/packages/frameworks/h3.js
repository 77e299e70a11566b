import { H3, HTTPError, defineHandler, getQuery, getRouterParam, readBody, setCookie } from "h3";

const app = new H3();
app.use((event) => void event.res.headers.set("x-by", "h3"));
app.get("/hi/:name", defineHandler((event) => { setCookie(event, "a", "b"); return { hi: getRouterParam(event, "name"), q: getQuery(event) }; }));
app.post("/n", async (event) => ({ got: await readBody(event) }));
app.get("/no", () => { throw new HTTPError({ status: 403, message: "not you" }); });

export default async () => {
  const hi = await app.request("/hi/ada?x=1");
  const post = await app.request("/n", { method: "POST", body: '{"n":1}', headers: { "content-type": "application/json" } });
  const no = await app.request("/no");
  return [await hi.json(), hi.headers.get("x-by"), hi.headers.get("set-cookie"), await post.json(), no.status, await no.json()];
};
