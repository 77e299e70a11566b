import { buildSchema, graphql, parse, print, printSchema, validate } from "graphql";

export default async () => {
  const schema = buildSchema('enum Kind { A B } type Pet { name: String!, kind: Kind } type Query { pets(kind: Kind): [Pet!]! broken: Int }');
  const rootValue = { pets: ({ kind }) => [{ name: "Rex", kind: "A" }, { name: "Tom", kind: "B" }].filter((pet) => !kind || pet.kind === kind), broken: () => { throw new Error("it is"); } };
  const result = await graphql({ schema, rootValue, source: "query($k: Kind) { pets(kind: $k) { ...f } broken } fragment f on Pet { name __typename }", variableValues: { k: "B" } });
  return [result, validate(schema, parse("{ pets { age } }")).map(({ message }) => message), print(parse("query  X{a(b:[1,2]){c}}")), printSchema(schema)];
};
