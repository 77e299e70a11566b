import express5 from "express";
import express4 from "express4";
import inject from "light-my-request";

const answers = async (express) => {
  const app = express();
  app.get("/users{/:id}", (request, response) => response.json(request.params));
  app.get("/q", (request, response) => response.json(request.query));
  app.use((error, request, response, next) => response.status(500).send(error.message));
  return Promise.all(["/users", "/users/7", "/q?a[b]=1"].map(async (url) => (await inject(app, { url })).statusCode));
};

export default async () => [await answers(express5), await answers(express4)];
