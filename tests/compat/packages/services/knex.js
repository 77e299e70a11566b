import knex from "knex";

export default () => {
  const db = knex({ client: "pg" });
  const query = db("users as u").select("u.id", db.raw("count(*) as ??", ["n"])).leftJoin("posts as p", "p.author", "u.id").where({ on: true }).andWhere((q) => q.where("age", ">", 18).orWhereNull("age")).whereIn("id", db("vips").select("user")).groupBy("u.id").limit(3);
  return [query.toSQL().toNative(), db("t").insert([{ a: 1 }, { a: 2, b: "x" }]).onConflict("a").merge().toString(), db.schema.createTable("t", (t) => { t.increments(); t.string("name", 40).notNullable().index(); t.timestamps(true, true); }).toString()];
};
