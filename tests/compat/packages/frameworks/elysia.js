import { Elysia, t } from "elysia";

const app = new Elysia({ aot: false })
  .state("version", 3)
  .derive(({ headers }) => ({ user: headers["x-user"] ?? "nobody" }))
  .get("/hi/:name", ({ params, user, store, query }) => ({ ...params, user, version: store.version, query }))
  .post("/n", ({ body, set }) => { set.status = 201; return body.n + 1; }, { body: t.Object({ n: t.Number() }) });

export default async () => {
  const post = (body) => app.handle(new Request("http://localhost/n", { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } }));
  const hi = await app.handle(new Request("http://localhost/hi/ada?a=1", { headers: { "x-user": "bob" } }));
  const good = await post({ n: 41 });
  return [await hi.json(), good.status, await good.text(), (await post({ n: "x" })).status, (await app.handle(new Request("http://localhost/none"))).status];
};
