import { createServer } from "node:http";
import express5 from "express";
import express4 from "express4";

const started = [express5, express4].map((express, index) => {
  const app = express();
  app.get("/users{/:id}", (request, response) => response.json(request.params));
  app.get("/q", (request, response) => response.json(request.query));
  const port = 8403 + index;
  createServer(app).listen(port);
  return port;
});

export default async () => {
  const edge = await import("cloudflare:node").catch(() => undefined);
  const ask = async (port, path) => {
    const request = new Request(`http://localhost:${port}${path}`);
    const response = await (edge ? edge.httpServerHandler({ port }).fetch(request) : fetch(request));
    return [response.status, response.ok ? await response.json() : null];
  };
  return Promise.all(started.flatMap((port) => ["/users", "/users/7", "/q?a[b]=1"].map((path) => ask(port, path))));
};
