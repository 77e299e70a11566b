import Fastify from "fastify";

export default async () => {
  const app = Fastify();
  app.decorateRequest("user", null);
  app.addHook("onRequest", async (request) => { request.user = request.headers["x-user"] ?? "nobody"; });
  app.get("/hi/:name", async (request) => ({ hi: request.params.name, user: request.user, q: request.query }));
  app.post("/n", async (request, reply) => reply.code(201).header("x-n", request.body.n).send([request.body.n * 2]));
  const hi = await app.inject({ url: "/hi/ada?x=1", headers: { "x-user": "bob" } });
  const n = await app.inject({ method: "POST", url: "/n", payload: { n: 21 } });
  const none = await app.inject("/none");
  return [hi.json(), n.statusCode, n.headers["x-n"], n.json(), none.json()];
};
