import rehypeStringify from "rehype-stringify";
import remarkParse from "remark-parse";
import remarkRehype from "remark-rehype";
import { unified } from "unified";

const shout = () => (tree) => { for (const { type, children } of tree.children) if (type === "heading") children[0].value = children[0].value.toUpperCase(); };

export default async () => {
  const file = await unified().use(remarkParse).use(shout).use(remarkRehype).use(rehypeStringify).process("## hello\n\nA [link](/x \"t\") & `code`.\n");
  return [String(file), file.messages.length];
};
