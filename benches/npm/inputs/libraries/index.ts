import { Hono } from "hono";
import { chunk, groupBy, sortBy } from "lodash-es";
import { v4, validate } from "uuid";
import { z } from "zod";

const Order = z.object({ id: z.string().refine(validate), items: z.array(z.object({ kind: z.string(), price: z.number() })) });

const app = new Hono();
app.get("/", (context) => context.json({ id: v4() }));
app.post("/", async (context) => {
  const { items } = Order.parse(await context.req.json());
  return context.json(groupBy(chunk(sortBy(items, "price"), 10).flat(), "kind"));
});

export default app;
