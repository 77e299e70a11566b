import { createServer } from "node:http";
import express from "express";

const app = express();
app.use(express.json(), express.urlencoded({ extended: true }));
app.get("/users/:id", (request, response) => response.cookie("c", "v").json({ id: request.params.id, q: request.query }));
app.post("/sum", (request, response) => response.status(201).send(`${request.body.a + request.body.b}`));
app.get("/fail", () => { throw Object.assign(new Error("teapot"), { status: 418 }); });
app.use((error, request, response, next) => response.status(error.status).send(error.message));
createServer(app).listen(8401);

export default async () => {
  const edge = await import("cloudflare:node").catch(() => undefined);
  const ask = async (path, init) => {
    const request = new Request(`http://localhost:8401${path}`, init);
    const response = await (edge ? edge.httpServerHandler({ port: 8401 }).fetch(request) : fetch(request));
    return [response.status, response.headers.get("set-cookie"), response.headers.get("etag"), await response.text()];
  };
  const sum = { method: "POST", body: '{"a":40,"b":2}', headers: { "content-type": "application/json", "content-length": "14" } };
  return [await ask("/users/7?x[y]=1"), await ask("/sum", sum), await ask("/fail"), await ask("/none")];
};
