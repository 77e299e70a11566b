import express from "express";
import inject from "light-my-request";

const app = express();
app.use(express.json(), express.urlencoded({ extended: true }));
app.get("/users/:id", (request, response) => response.cookie("c", "v").json({ id: request.params.id, q: request.query, ip: request.ip }));
app.post("/sum", (request, response) => response.status(201).send(`${request.body.a + request.body.b}`));
app.get("/fail", () => { throw Object.assign(new Error("teapot"), { status: 418 }); });
app.use((error, request, response, next) => response.status(error.status).send(error.message));

export default async () => {
  const user = await inject(app, { url: "/users/7?x[y]=1" });
  const sum = await inject(app, { method: "POST", url: "/sum", payload: { a: 40, b: 2 } });
  const fail = await inject(app, { url: "/fail" });
  return [user.json(), user.headers.etag, user.headers["set-cookie"], sum.statusCode, sum.payload, fail.statusCode, fail.payload, (await inject(app, { url: "/none" })).statusCode];
};
