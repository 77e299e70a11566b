import { GraphQLClient, gql } from "graphql-request";

export default async () => {
  const asked = [];
  const fetch = async (url, { body, headers }) => {
    asked.push([String(url), JSON.parse(body), new Headers(headers).get("x-a")]);
    const answer = body.includes("fail") ? { errors: [{ message: "no such field" }] } : { data: { user: { name: "ada" } } };
    return Response.json(answer);
  };
  const client = new GraphQLClient("https://x.example/graphql", { fetch, headers: { "x-a": "1" } });
  const query = gql`query User($id: ID!) { user(id: $id) { name } }`;
  const failed = await client.request("{ fail }").catch(({ response }) => response.errors);
  return [await client.request(query, { id: 7 }), failed, asked];
};
