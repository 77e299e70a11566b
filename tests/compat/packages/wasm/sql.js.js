import initSqlJs from "sql.js";

export default async () => {
  const SQL = await initSqlJs();
  const db = new SQL.Database();
  db.run("create table t(id integer primary key, name text, n real); insert into t(name, n) values ('ada', 1.5), ('bob', 2), ('ü', null)");
  const rows = [];
  const statement = db.prepare("select name, n from t where id > $min order by id desc");
  statement.bind({ $min: 1 });
  while (statement.step()) rows.push(statement.getAsObject());
  db.create_function("twice", (n) => n * 2);
  return [rows, db.exec("select sum(twice(n)), group_concat(name) from t"), db.getRowsModified()];
};
