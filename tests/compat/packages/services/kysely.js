import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler, sql } from "kysely";

export default () => {
  const db = new Kysely({ dialect: { createAdapter: () => new PostgresAdapter(), createDriver: () => new DummyDriver(), createIntrospector: (it) => new PostgresIntrospector(it), createQueryCompiler: () => new PostgresQueryCompiler() } });
  const query = db.selectFrom("person as p").innerJoin("pet", "pet.owner", "p.id").select(["p.name", sql`count(*)`.as("pets")]).where((eb) => eb.or([eb("p.age", ">", 18), eb("p.name", "in", ["a", "b"])])).groupBy("p.id").limit(5).compile();
  const insert = db.insertInto("person").values([{ name: "x" }, { name: "y" }]).onConflict((oc) => oc.column("name").doNothing()).returning("id").compile();
  const table = db.schema.createTable("t").addColumn("id", "serial", (c) => c.primaryKey()).addColumn("at", "timestamp", (c) => c.defaultTo(sql`now()`)).compile();
  return [query, insert, table].map(({ sql: text, parameters }) => [text, parameters]);
};
