import { createSchema, createYoga } from "graphql-yoga";

const yoga = createYoga({ logging: false, schema: createSchema({
  typeDefs: "type Query { hi(name: String!): String! fail: Int } type Subscription { count(to: Int!): Int! }",
  resolvers: { Query: { hi: (_, { name }, { request }) => `hi ${name} from ${new URL(request.url).pathname}`, fail: () => { throw new Error("secret"); } }, Subscription: { count: { subscribe: async function* (_, { to }) { for (let n = 1; n <= to; n++) yield { count: n }; } } } },
}) });

export default async () => {
  const ask = (query, accept = "application/json") => yoga.fetch("http://x/graphql", { method: "POST", body: JSON.stringify({ query }), headers: { "content-type": "application/json", accept } });
  const stream = await (await ask("subscription { count(to: 2) }", "text/event-stream")).text();
  return [await (await ask('{ hi(name: "ada") }')).json(), await (await ask("{ fail }")).json(), (await ask("{ nope }")).status, stream];
};
