import { WorkerEntrypoint } from "cloudflare:workers";
import { Hono } from "hono";
import { z } from "zod";

const VERSION = "1.0.0";

const Name = z.string().trim().min(1, "a name is wanted").max(64);
const Query = z.object({ name: Name });

const greeting = (name: string): string => `Hello, ${name}!`;

const app = new Hono();

app.get("/", (context) => context.text(`@acme/hello ${VERSION}`));

app.get("/greet", (context) => {
  const query = Query.safeParse(context.req.query());
  return query.success
    ? context.json({ greeting: greeting(query.data.name), version: VERSION })
    : context.json({ issues: query.error.issues }, 400);
});

/** What other Workers call without HTTP. */
export class Greeter extends WorkerEntrypoint {
  greet(name: string): string {
    return greeting(Name.parse(name));
  }
}

export default app;
