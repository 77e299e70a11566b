import { and, eq, gt, inArray, relations, sql } from "drizzle-orm";
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { drizzle } from "drizzle-orm/sqlite-proxy";

const users = sqliteTable("users", { id: integer().primaryKey(), name: text().notNull(), meta: text({ mode: "json" }) });
const posts = sqliteTable("posts", { id: integer().primaryKey(), author: integer().references(() => users.id), title: text() });
const schema = { users, posts, toPosts: relations(users, ({ many }) => ({ posts: many(posts) })), toUser: relations(posts, ({ one }) => ({ user: one(users, { fields: [posts.author], references: [users.id] }) })) };

export default async () => {
  const asked = [];
  const db = drizzle(async (text, params, method) => { asked.push([text, params, method]); return { rows: [[1, "ada", '{"k":1}']] }; }, { schema });
  const rows = await db.select().from(users).where(and(gt(users.id, 0), inArray(users.name, ["ada", "bob"])));
  await db.insert(users).values({ name: "x", meta: { a: [1] } }).onConflictDoNothing();
  const joined = db.select({ name: users.name, n: sql`count(*)` }).from(users).leftJoin(posts, eq(posts.author, users.id)).groupBy(users.id).toSQL();
  return [rows, joined, db.query.users.findMany({ with: { posts: true }, limit: 2 }).toSQL(), asked];
};
