import { TRPCError, initTRPC } from "@trpc/server";
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
import { z } from "zod";

const t = initTRPC.context().create();
const authed = t.procedure.use(({ ctx, next }) => { if (!ctx.user) throw new TRPCError({ code: "UNAUTHORIZED" }); return next({ ctx: { name: ctx.user } }); });
const router = t.router({ hello: authed.input(z.object({ n: z.number() })).query(({ input, ctx }) => `${ctx.name} ${input.n}`), nested: t.router({ add: t.procedure.input(z.number()).mutation(({ input }) => input + 1) }) });

export default async () => {
  const caller = t.createCallerFactory(router)({ user: "ada" });
  const ask = (path, user) => fetchRequestHandler({ endpoint: "/t", req: new Request(`http://x/t/${path}`), router, createContext: () => ({ user }) });
  const denied = await (await ask(`hello?input=${encodeURIComponent('{"n":1}')}`)).json();
  return [await caller.hello({ n: 1 }), await caller.nested.add(1), await (await ask(`hello?input=${encodeURIComponent('{"n":2}')}`, "bob")).json(), denied.error.data.code, await caller.hello({ n: "x" }).catch(({ code }) => code)];
};
